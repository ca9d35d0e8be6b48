package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.testing.KnownFailures;
import io.qalibre.testing.NodeTest;
import io.qalibre.testing.NodeTestData;
import io.qalibre.testing.NodeTestGradient;
import io.qalibre.testing.OperatorSupport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
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

  /** An operator, and whether a gradient passed in each of its node tests with inputs of floats. */
  record Gradients(OperatorSupport operator, List<Boolean> passed) {
    static Gradients of(OperatorSupport operator) {
      return new Gradients(
          operator,
          TESTS.stream()
              .filter(test -> test.operators().equals(Set.of(operator.name())))
              .flatMap(test -> passes(test).stream())
              .toList());
    }

    private static Optional<Boolean> passes(NodeTest test) {
      try {
        return NodeTestGradient.passes(test, DATA);
      } catch (IOException e) {
        throw new UncheckedIOException(test.name(), e);
      }
    }

    @Override
    public String toString() {
      return operator.name();
    }
  }

  static Stream<Gradients> operators() {
    return OperatorSupport.all().stream()
        .filter(operator -> List.of("yes", "no").contains(operator.trains()))
        .map(Gradients::of)
        .filter(gradients -> !gradients.passed().isEmpty());
  }

  @ParameterizedTest
  @MethodSource("operators")
  void a_gradient_passes_where_the_page_of_operators_says_so(Gradients gradients) {
    assertThat(gradients.passed().contains(true))
        .isEqualTo(gradients.operator().trains().equals("yes"));
  }
}
