package io.qalibre.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The files about ONNX's operators and their tests that lie in the source tree. {@code
 * src/test/python/onnx_node_tests.py} says what wrote them and in what form.
 */
final class OnnxFiles {
  private static final Path FOLDER = Path.of("src", "test", "resources", "onnx");

  static final Path TESTS = FOLDER.resolve("node-tests.tsv");
  static final Path DATA = FOLDER.resolve("node-tests.tar.gz");
  static final Path OPERATORS = FOLDER.resolve("operators.tsv");
  static final Path KNOWN_FAILURES = FOLDER.resolve("known-failures.txt");
  static final Path PAGE = Path.of("docs", "operators.md");

  private OnnxFiles() {}

  /** The lines of a table, each split at its tabs. */
  static List<String[]> rows(Path file) {
    return read(file).lines().map(line -> line.split("\t", -1)).toList();
  }

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
