package io.qalibre.testing;

import io.qalibre.graph.Graph;
import io.qalibre.graph.onnx.OnnxReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.jspecify.annotations.Nullable;

/** AIMET's encodings files and their networks: those of the repository, or else the golden ones. */
public final class GoldenEncodings {
  private static final String FOLDER = "/golden/";

  private GoldenEncodings() {}

  /** The text of a file, which may be packed; the test is skipped where it is absent. */
  public static String text(String name) {
    return new String(bytes(name), StandardCharsets.UTF_8);
  }

  /** A network, which may be packed; the test is skipped where it is absent. */
  public static Graph network(String name) {
    return OnnxReader.read(name, bytes(name));
  }

  /** The encodings of the small layers, by name. */
  public static Map<String, String> layers() {
    Map<String, String> texts = new LinkedHashMap<>();
    InputStream packed =
        Objects.requireNonNull(
            GoldenEncodings.class.getResourceAsStream(FOLDER + "layers.encodings.zip"));
    try (ZipInputStream zip = new ZipInputStream(packed)) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        texts.put(
            entry.getName().replace(".encodings", ""),
            new String(zip.readAllBytes(), StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return texts;
  }

  private static byte[] bytes(String name) {
    try (InputStream in = open(name)) {
      if (name.endsWith(".gz")) {
        try (InputStream unpacked = new GZIPInputStream(in)) {
          return unpacked.readAllBytes();
        }
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InputStream open(String name) throws IOException {
    @Nullable InputStream own = GoldenEncodings.class.getResourceAsStream(FOLDER + name);
    return own != null ? own : Files.newInputStream(Golden.file(name));
  }
}
