package io.qalibre.graph;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ShapeInference_inferBadNode_Test {

  static Stream<Arguments> badNodes() {
    long huge = 1L << 40;
    return Stream.of(
        Arguments.of("Transpose", Net.input(3, 4), new Object[] {"perm", List.of(0L, 1L, 1.5f)}),
        Arguments.of("Flatten", Net.input(huge, huge), new Object[] {"axis", 1L}),
        Arguments.of("Squeeze", Net.input(1, 4), new Object[] {"axes", "1"}),
        Arguments.of("Conv", Net.input(), new Object[] {}),
        Arguments.of("MaxPool", Net.input(3, 4, 4), new Object[] {"kernel_shape", List.of(-9L)}));
  }

  @ParameterizedTest
  @MethodSource("badNodes")
  void errorsNameTheNode(String type, Net net, Object[] attributes) {
    List<String> inputs = type.equals("Conv") ? List.of("x", "w") : List.of("x");
    Graph bad = net.random("w", 2).op("y", type, inputs, attributes).unchecked("y");
    assertThatThrownBy(() -> ShapeInference.infer(bad))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining(type)
        .hasMessageContaining("`y");
  }
}
