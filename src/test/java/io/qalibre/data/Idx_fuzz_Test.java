package io.qalibre.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.qalibre.testing.Fuzz;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeAll;

/** Any bytes as a gzipped IDX file, and as the content of one. See {@link Fuzz}. */
class Idx_fuzz_Test {
  private static final Path NAME = Path.of("fuzz.gz");

  @BeforeAll
  static void followTheReader() {
    Fuzz.follow("io.qalibre.data.*");
  }

  @FuzzTest(maxDuration = Fuzz.DURATION)
  void read(byte[] bytes) {
    byte[] packed = packed(bytes);
    for (byte[] file : new byte[][] {bytes, packed}) {
      Fuzz.check(() -> assertThat(elements(file)).hasSize(6));
    }
  }

  private static byte[] elements(byte[] file) {
    try {
      return Idx.read(NAME, new ByteArrayInputStream(file), 2, 3);
    } catch (IOException e) {
      throw new UncheckedIOException("a stream in memory does not fail", e);
    }
  }

  private static byte[] packed(byte[] content) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(file)) {
      out.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException("a stream in memory does not fail", e);
    }
    return file.toByteArray();
  }
}
