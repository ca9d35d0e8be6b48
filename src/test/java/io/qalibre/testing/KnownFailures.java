package io.qalibre.testing;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The node tests in scope that are known to fail, each with its reason: a line a test. */
public final class KnownFailures {
  private KnownFailures() {}

  /** The reasons by the tests' names. */
  public static Map<String, String> read() {
    return OnnxFiles.rows(OnnxFiles.KNOWN_FAILURES).stream()
        .collect(
            Collectors.toMap(
                row -> row[0],
                row -> row[1],
                (a, b) -> {
                  throw new AssertionError("a test is listed twice: " + a);
                },
                TreeMap::new));
  }

  /** Replaces the list. */
  public static void write(Map<String, String> reasons) {
    OnnxFiles.write(
        OnnxFiles.KNOWN_FAILURES,
        new TreeMap<>(reasons)
            .entrySet().stream()
                .map(e -> e.getKey() + "\t" + e.getValue() + "\n")
                .collect(Collectors.joining()));
  }
}
