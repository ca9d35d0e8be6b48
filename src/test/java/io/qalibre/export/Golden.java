package io.qalibre.export;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Finds AIMET's golden files; tests are skipped where they are absent. */
final class Golden {
  private Golden() {}

  static Path file(String name) {
    String folder = System.getenv().getOrDefault("QALIBRE_SHARED", "../shared");
    Path path = Path.of(folder, "golden", name);
    assumeTrue(Files.exists(path), () -> "skipped: no golden data at " + path);
    return path;
  }
}
