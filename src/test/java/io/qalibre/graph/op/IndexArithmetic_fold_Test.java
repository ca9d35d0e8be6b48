package io.qalibre.graph.op;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is known, before there is data, of tensors that are computed from shapes. */
class IndexArithmetic_fold_Test {
  private static final long INT32 = DataType.INT32.onnx();
  private static final long INT64 = DataType.INT64.onnx();
  private static final long FLOAT = DataType.FLOAT.onnx();
  private static final long BOOL = DataType.BOOL.onnx();

  /** The tensor {@code s} is the shape N×3×8×10. */
  private static Net shape() {
    return Net.input(3, 8, 10).op("s", "Shape", List.of("x"));
  }

  private static Net with(String type, long... numbers) {
    return shape()
        .constant("c", Tensor.of(numbers, numbers.length))
        .op("y", type, List.of("s", "c"));
  }

  private static Net swapped(String type, long... numbers) {
    return shape()
        .constant("c", Tensor.of(numbers, numbers.length))
        .op("y", type, List.of("c", "s"));
  }

  private static Net withFloats(String type, float... numbers) {
    return shape()
        .constant("c", Tensor.of(numbers, numbers.length))
        .op("f", "Cast", List.of("s"), "to", FLOAT)
        .op("g", type, List.of("f", "c"))
        .op("h", "Floor", List.of("g"))
        .op("y", "Cast", List.of("h"), "to", INT64);
  }

  private static Net cast(long number, long... types) {
    Net net = Net.input(1).constant("c0", Tensor.of(new long[] {number}, 1));
    for (int i = 0; i < types.length; i++) {
      net.op("c" + (i + 1), "Cast", List.of("c" + i), "to", types[i]);
    }
    return net.op("y", "Identity", List.of("c" + types.length));
  }

  private static Net total(String type) {
    return shape()
        .constant("from", Tensor.of(new long[] {1}, 1))
        .constant("to", Tensor.of(new long[] {4}, 1))
        .op("sizes", "Slice", List.of("s", "from", "to"))
        .op("y", type, List.of("sizes"));
  }

  static Stream<Arguments> sizes() {
    return Stream.of(
        Arguments.of("N 6 8 10", with("Mul", 1, 2, 1, 1)),
        Arguments.of("N 6 8 10", swapped("Mul", 1, 2, 1, 1)),
        Arguments.of("N 3 8 10", with("Mul", 1)),
        Arguments.of("? 6 16 20", with("Mul", 2)),
        Arguments.of("0 3 8 10", with("Mul", 0, 1, 1, 1)),
        Arguments.of("N 1 2 -2", with("Div", 1, 2, 4, -4)),
        Arguments.of("? ? 2 10", with("Div", 2, 0, 4, 1)),
        Arguments.of("N 4 8 11", with("Add", 0, 1, 0, 1)),
        Arguments.of("N 4 8 11", swapped("Add", 0, 1, 0, 1)),
        Arguments.of("? 2 7 9", with("Sub", 1)),
        Arguments.of("? -2 -7 -9", swapped("Sub", 1)),
        Arguments.of("N 3 8 10", with("Sub", 0)),
        Arguments.of("? 3 7 7", with("Min", 7)),
        Arguments.of("? 7 8 10", with("Max", 7)),
        Arguments.of("N 3 8 10", shape().op("y", "Max", List.of("s", "s"))),
        Arguments.of("N 3 8 10", shape().op("y", "Min", List.of("s", "s", "s"))),
        Arguments.of("? ? 1 -4", with("Mod", 7, 0, 7, -7)),
        Arguments.of("? -3 -8 -10", shape().op("y", "Neg", List.of("s"))),
        Arguments.of("0 1 0 0", with("Equal", -1, 3, 3, 3)),
        Arguments.of("? 1 0 0", with("Equal", 3)),
        Arguments.of("1 1 1 1", shape().op("y", "Equal", List.of("s", "s"))),
        Arguments.of("? 0 0 1", with("Greater", 8)),
        Arguments.of("? 0 1 1", with("GreaterOrEqual", 8)),
        Arguments.of("? 1 0 0", with("Less", 8)),
        Arguments.of("? 1 1 0", with("LessOrEqual", 8)),
        Arguments.of("? 6 16 20", with("Mul", 2).op("z", "CastLike", List.of("y", "s"))),
        Arguments.of("N 3 8 10", withFloats("Mul", 1)),
        Arguments.of("? 6 16 20", withFloats("Mul", 2)),
        Arguments.of("? 1 ? 5", withFloats("Div", 2, 3, 3, 2)),
        Arguments.of("nothing", withFloats("Mul", 1.5f)),
        Arguments.of("240", total("ReduceProd")),
        Arguments.of("21", total("ReduceSum")),
        Arguments.of("10", total("ReduceMax")),
        Arguments.of("3", total("ReduceMin")),
        Arguments.of("?", shape().op("y", "ReduceProd", List.of("s"))),
        Arguments.of("-1", cast(0x1_ffff_ffffL, INT32)),
        Arguments.of("16777216", cast(1 << 24, FLOAT, INT64)),
        Arguments.of("?", cast((1 << 24) + 1, FLOAT, INT64)),
        Arguments.of("1", cast(-5, BOOL, INT64)),
        Arguments.of("nothing", cast(5, DataType.UINT8.onnx(), INT64)));
  }

  @ParameterizedTest(name = "{index} {0}")
  @MethodSource("sizes")
  void follows_sizes(String expected, Net net) {
    Graph open = net.unchecked();
    String last = open.operators().get(open.operators().size() - 1).output();
    Graph graph = net.op("probe", "Identity", List.of(last)).unchecked("probe");
    OperatorNode probe = graph.producer("probe").map(OperatorNode.class::cast).orElseThrow();

    String found =
        ShapeInference.facts(graph)
            .context(probe)
            .values(0)
            .map(IndexArithmetic_fold_Test::text)
            .orElse("nothing");

    assertThat(found).isEqualTo(expected);
  }

  private static String text(List<IndexValue> values) {
    return values.stream()
        .map(v -> v.known() ? Long.toString(v.value()) : v.dim().toString())
        .collect(Collectors.joining(" "));
  }
}
