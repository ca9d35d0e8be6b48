package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.testing.KnownFailures;
import io.qalibre.testing.NodeTest;
import io.qalibre.testing.NodeTestData;
import io.qalibre.testing.NodeTestRun;
import io.qalibre.testing.NodeTestSummary;
import io.qalibre.testing.OperatorPage;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The ONNX project's own backend node tests. With {@code -Dnode.tests.update=true} the list of
 * known failures and the page of operators are written anew.
 */
class OnnxNodeTests_run_Test {
  /** The least share of the tests in scope that pass. */
  private static final double FLOOR = 0.99;

  private static final List<NodeTest> TESTS = NodeTest.all();
  private static final Map<String, String> FAILURES = new TreeMap<>();

  @BeforeAll
  static void run() {
    NodeTestData data = NodeTestData.read();
    for (NodeTest test : TESTS) {
      if (test.inScope()) {
        NodeTestRun.failure(test, data).ifPresent(reason -> FAILURES.put(test.name(), reason));
      }
    }
    if (Boolean.getBoolean("node.tests.update")) {
      KnownFailures.write(FAILURES);
      OperatorPage.write();
    }
  }

  static List<String> expectedToPass() {
    Map<String, String> known = KnownFailures.read();
    return TESTS.stream()
        .filter(test -> test.inScope() && !known.containsKey(test.name()))
        .map(NodeTest::name)
        .toList();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("expectedToPass")
  void passes(String test) {
    assertThat(FAILURES.get(test)).as(test).isNull();
  }

  @Test
  void what_is_listed_as_failing_fails() {
    assertThat(FAILURES.keySet()).containsAll(KnownFailures.read().keySet());
  }

  @Test
  void the_share_that_passes_does_not_fall() {
    assertThat(summary().share()).isGreaterThanOrEqualTo(FLOOR);
  }

  @AfterAll
  static void count() {
    System.out.println(summary());
  }

  private static NodeTestSummary summary() {
    return NodeTestSummary.of(TESTS, FAILURES.size());
  }
}
