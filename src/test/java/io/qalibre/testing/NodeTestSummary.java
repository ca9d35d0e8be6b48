package io.qalibre.testing;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * How many node tests there are and how many pass.
 *
 * @param exist all that the pinned package has
 * @param inScope those that Qalibre is to pass
 * @param passed those that it passes
 * @param leftOut the others by the class of the reason
 */
public record NodeTestSummary(int exist, int inScope, int passed, Map<String, Long> leftOut) {
  /** Counts the tests, of which some in scope fail. */
  public static NodeTestSummary of(List<NodeTest> tests, int failed) {
    int inScope = (int) tests.stream().filter(NodeTest::inScope).count();
    Map<String, Long> leftOut =
        tests.stream()
            .filter(test -> !test.inScope())
            .collect(Collectors.groupingBy(NodeTest::leftOut, TreeMap::new, Collectors.counting()));
    return new NodeTestSummary(tests.size(), inScope, inScope - failed, leftOut);
  }

  /** The share of tests in scope that pass, 0 to 1. */
  public double share() {
    return (double) passed / inScope;
  }

  /** All of it in one sentence. */
  @Override
  public String toString() {
    String types =
        leftOut.entrySet().stream()
            .filter(e -> !e.getKey().equals("operators"))
            .map(e -> e.getKey() + " " + e.getValue())
            .collect(Collectors.joining(", "));
    return String.format(
        Locale.ROOT,
        "ONNX node tests: %d exist, N = %d are in scope, %d of N pass (%.1f %%); left out: other"
            + " operators %d, data types %d (%s)",
        exist,
        inScope,
        passed,
        100 * share(),
        leftOut.getOrDefault("operators", 0L),
        exist - inScope - leftOut.getOrDefault("operators", 0L),
        types);
  }
}
