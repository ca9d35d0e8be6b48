package io.qalibre.graph.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorFacts;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class Operator_shapesElementwise_Test {
  private static final List<String> X = List.of("x");
  private static final List<String> WITH_C = List.of("x", "c");

  private static Net picture() {
    return Net.input(3, 8);
  }

  private static Net with(Tensor c, String type, Object... attributes) {
    return picture().constant("c", c).op("y", type, WITH_C, attributes);
  }

  private static Net integers(long... values) {
    return picture().constant("c", Tensor.of(values, values.length));
  }

  /** The axes of a reduction that only data tell. */
  private static Net reducedBy(Dim axes, Object... attributes) {
    return picture()
        .input(new ValueInfo("c", DataType.INT64, TensorShape.of(axes)))
        .op("y", "ReduceSum", WITH_C, attributes);
  }

  static Stream<Arguments> errors() {
    Dim unknown = Dim.unknown();
    return Stream.of(
        Arguments.of(
            "Mul `y`: expected inputs of one type, found FLOAT `x` and INT64 `c`",
            integers(2).op("y", "Mul", WITH_C)),
        Arguments.of(
            "Less `y`: expected inputs of one type, found FLOAT `x` and INT64 `c`",
            integers(2).op("y", "Less", WITH_C)),
        Arguments.of(
            "Max `y`: shapes N×3×8 and 3 do not broadcast",
            picture().random("c", 3).op("y", "Max", List.of("x", "x", "c"))),
        Arguments.of(
            "Sigmoid `y`: expected FLOAT, found INT64 `c`",
            integers(2).op("y", "Sigmoid", List.of("c"))),
        Arguments.of(
            "Softmax `y`: expected FLOAT, found INT64 `c`",
            integers(2).op("y", "Softmax", List.of("c"))),
        Arguments.of(
            "Mean `y`: expected FLOAT, found INT64 `c`", integers(2).op("y", "Mean", List.of("c"))),
        Arguments.of(
            "Softmax `y`: axis 3 is outside a tensor of rank 3",
            picture().op("y", "Softmax", X, "axis", 3L)),
        Arguments.of(
            "ArgMax `y`: axis 3 is outside a tensor of rank 3",
            picture().op("y", "ArgMax", X, "axis", 3L)),
        Arguments.of(
            "CumSum `y`: axis -4 is outside a tensor of rank 3",
            with(Tensor.of(new long[] {-4}), "CumSum")),
        Arguments.of(
            "PRelu `y`: the slope 2×1×3×1 does not broadcast to the input N×3×8",
            picture().random("c", 2, 1, 3, 1).op("y", "PRelu", WITH_C)),
        Arguments.of(
            "PRelu `y`: the slope 8 does not broadcast to the input N×1",
            Net.input(1).random("c", 8).op("y", "PRelu", WITH_C)),
        Arguments.of(
            "Clip `y`: expected a single number as bound `c`, found 2",
            with(Tensor.of(new float[] {0, 1}, 2), "Clip")),
        Arguments.of(
            "Clip `y`: expected inputs of one type, found FLOAT `x` and INT64 `c`",
            with(Tensor.of(new long[] {0}), "Clip")),
        Arguments.of(
            "Cast `y`: element type 8 is not supported", picture().op("y", "Cast", X, "to", 8L)),
        Arguments.of(
            "ReduceSum `y`: axis 3 is outside a tensor of rank 3",
            with(Tensor.of(new long[] {3}, 1), "ReduceSum")),
        Arguments.of(
            "ReduceSum `y`: expected a vector of a known length at input `c`, found ?",
            reducedBy(unknown, "keepdims", 0L)),
        Arguments.of("ReduceSum `y`: 4 axes of N×3×8", reducedBy(Dim.of(4), "keepdims", 0L)),
        Arguments.of(
            "ReduceSum `y`: noop_with_empty_axes needs axes of a known length, found ?",
            reducedBy(unknown, "noop_with_empty_axes", 1L)));
  }

  @ParameterizedTest(name = "{index} {0}")
  @MethodSource("errors")
  void what_does_not_go_together_names_the_node(String message, Net net) {
    Graph graph = net.unchecked("y");

    assertThatThrownBy(() -> ShapeInference.infer(graph))
        .isInstanceOf(QalibreException.class)
        .hasMessage(message);
  }

  static Stream<Arguments> shapes() {
    Dim unknown = Dim.unknown();
    return Stream.of(
        Arguments.of("?×?×?", reducedBy(unknown)),
        Arguments.of("?", reducedBy(Dim.of(2), "keepdims", 0L)),
        Arguments.of("1×1×1", reducedBy(Dim.of(0))),
        Arguments.of("N×3×8", reducedBy(Dim.of(0), "noop_with_empty_axes", 1L)),
        Arguments.of("N×1×8", with(Tensor.of(new long[] {-2}, 1), "ReduceMax")),
        Arguments.of(
            "8", picture().op("y", "ReduceL2", X, "axes", List.of(0L, 1L), "keepdims", 0L)),
        Arguments.of("N×3×1", picture().op("y", "ArgMin", X, "axis", -1L)),
        Arguments.of("N×8", picture().op("y", "ArgMax", X, "axis", 1L, "keepdims", 0L)),
        Arguments.of("N×3×8", with(Tensor.of(new float[] {1}, 1, 1), "Pow")),
        Arguments.of("N×3×8", picture().random("c", 3, 1).op("y", "PRelu", WITH_C)),
        Arguments.of("N×3×8", picture().op("y", "Hardmax", X)));
  }

  @ParameterizedTest(name = "{index} {0}")
  @MethodSource("shapes")
  void follows_each_operator(String expected, Net net) {
    assertThat(ShapeInference.infer(net.unchecked("y")).get("y")).hasToString(expected);
  }

  @Test
  void types_follow_too() {
    TensorFacts facts =
        ShapeInference.facts(
            picture()
                .op("less", "Less", List.of("x", "x"))
                .op("not", "Not", List.of("less"))
                .op("nan", "IsNaN", X)
                .op("position", "ArgMax", X)
                .op("whole", "Cast", List.of("less"), "to", (long) DataType.UINT8.onnx())
                .op("half", "Cast", List.of("whole"), "to", 10L)
                .op("like", "CastLike", List.of("x", "position"))
                .unchecked("like"));

    assertThat(facts.types())
        .containsEntry("less", DataType.BOOL)
        .containsEntry("not", DataType.BOOL)
        .containsEntry("nan", DataType.BOOL)
        .containsEntry("position", DataType.INT64)
        .containsEntry("whole", DataType.UINT8)
        .containsEntry("half", DataType.FLOAT)
        .containsEntry("like", DataType.INT64);
  }
}
