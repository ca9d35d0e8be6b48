package io.qalibre.data;

import io.qalibre.errors.QalibreException;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** Reads gzipped IDX files of unsigned bytes, the format of MNIST and its kin. */
final class Idx {
  private static final int UNSIGNED_BYTES = 0x0800;

  private Idx() {}

  /**
   * Reads a file of known sizes.
   *
   * @param file a {@code .gz} file
   * @param sizes the sizes it must have, outermost first
   * @return the elements in row-major order
   * @throws QalibreException if the file is missing, damaged, cut short, or of another format or
   *     other sizes
   */
  static byte[] read(Path file, int... sizes) {
    try (InputStream stream = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      return read(file, stream, sizes);
    } catch (NoSuchFileException e) {
      throw new QalibreException(
          "no file `" + file + "`; it is part of every clone of the project", e);
    } catch (IOException e) {
      throw new QalibreException("cannot read `" + file + "`: " + e, e);
    }
  }

  /** Reads the content of a file of that name, which is closed by the caller. */
  static byte[] read(Path file, InputStream content, int... sizes) throws IOException {
    try {
      DataInputStream in = new DataInputStream(new GZIPInputStream(content, 1 << 16));
      checkHeader(file, in, sizes);
      return elements(file, in, Arrays.stream(sizes).reduce(1, Math::multiplyExact));
    } catch (EOFException e) {
      throw new QalibreException(
          "`" + file + "` is cut short: expected " + product(sizes) + " bytes behind its header",
          e);
    } catch (ZipException e) {
      throw new QalibreException("`" + file + "` is not a sound gzip file: " + e.getMessage(), e);
    }
  }

  private static void checkHeader(Path file, DataInputStream in, int[] sizes) throws IOException {
    int expected = UNSIGNED_BYTES | sizes.length;
    int magic = in.readInt();
    if (magic != expected) {
      throw new QalibreException(
          "`%s` is not the IDX file expected: it starts with 0x%08x, expected 0x%08x (unsigned bytes in %d dimensions)"
              .formatted(file, magic, expected, sizes.length));
    }
    int[] found = new int[sizes.length];
    for (int i = 0; i < found.length; i++) {
      found[i] = in.readInt();
    }
    if (!Arrays.equals(found, sizes)) {
      throw new QalibreException(
          "`" + file + "` holds " + product(found) + " bytes, expected " + product(sizes));
    }
  }

  private static byte[] elements(Path file, DataInputStream in, int count) throws IOException {
    byte[] elements = new byte[count];
    int read = in.readNBytes(elements, 0, count);
    if (read < count) {
      throw new QalibreException(
          "`" + file + "` is cut short: expected " + count + " bytes, found " + read);
    }
    if (in.read() >= 0) {
      throw new QalibreException(
          "`" + file + "` is too long: expected " + count + " bytes, found more");
    }
    return elements;
  }

  private static String product(int[] sizes) {
    return Arrays.stream(sizes).mapToObj(Integer::toString).collect(Collectors.joining("×"));
  }
}
