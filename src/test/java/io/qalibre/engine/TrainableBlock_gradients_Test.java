package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.testing.KnownFailures;
import io.qalibre.testing.NodeTest;
import io.qalibre.testing.NodeTestData;
import io.qalibre.testing.NodeTestGradient;
import io.qalibre.testing.OperatorSupport;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Through which operators gradients pass, by the ONNX project's node tests of one operator. */
class TrainableBlock_gradients_Test {
  private static final NodeTestData DATA = NodeTestData.read();
  private static final Set<String> FAILING = KnownFailures.read().keySet();
  private static final List<NodeTest> TESTS =
      NodeTest.all().stream()
          .filter(test -> test.inScope() && !FAILING.contains(test.name()))
          .toList();

  /** The tests of one operator alone that have a gradient to look at. */
  private static List<NodeTest> testsOf(OperatorSupport operator) {
    return TESTS.stream()
        .filter(test -> test.operators().equals(Set.of(operator.name())))
        .filter(test -> NodeTestGradient.hasFloats(test, DATA))
        .toList();
  }

  static Stream<OperatorSupport> operators() {
    return OperatorSupport.all().stream()
        .filter(operator -> List.of("yes", "no").contains(operator.trains()))
        .filter(operator -> !testsOf(operator).isEmpty());
  }

  @ParameterizedTest
  @MethodSource("operators")
  void a_gradient_passes_where_the_page_of_operators_says_so(OperatorSupport operator)
      throws IOException {
    boolean passes = false;
    for (NodeTest test : testsOf(operator)) {
      passes = passes || NodeTestGradient.passes(test, DATA);
    }
    assertThat(passes).as(operator.name()).isEqualTo(operator.trains().equals("yes"));
  }
}
