package io.qalibre.graph.onnx;

import io.qalibre.errors.OutOfMemoryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads files into memory, of which the size is looked at first. */
public final class WholeFile {
  /** JSON takes some ten times its size in memory: what is larger is no file of this project. */
  public static final long MOST_JSON = 512L << 20;

  private WholeFile() {}

  /**
   * The bytes of a file.
   *
   * @param most how many there may be
   * @throws IOException if it cannot be read, or is larger
   * @throws OutOfMemoryException if it is larger than the memory that is left
   */
  public static byte[] read(Path file, long most) throws IOException {
    long size = Files.size(file);
    if (size > most) {
      throw new IOException("it holds " + size + " bytes, expected at most " + most);
    }
    try {
      return Files.readAllBytes(file);
    } catch (OutOfMemoryError e) {
      return OutOfMemoryException.guard("`" + file + "`", size, () -> rethrown(e));
    }
  }

  private static byte[] rethrown(OutOfMemoryError e) {
    throw e;
  }
}
