package io.qalibre.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.config.SmallGraphs;
import io.qalibre.errors.QalibreException;
import io.qalibre.testing.Net;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ShapeInference_infer_Test {
  private static Tensor sizes(long... values) {
    return Tensor.of(values, values.length);
  }

  private static Net picture() {
    return Net.input(3, 8, 10);
  }

  private static Net withConv(String output, List<Long> pads, Object... attributes) {
    Object[] all = Arrays.copyOf(attributes, attributes.length + 2);
    all[attributes.length] = "pads";
    all[attributes.length + 1] = pads;
    return picture().random("w", 6, 3, 3, 3).op(output, "Conv", List.of("x", "w"), all);
  }

  private static Net reshape(Net net, long... wanted) {
    return net.constant("shape", sizes(wanted)).op("y", "Reshape", List.of("x", "shape"));
  }

  static Stream<Arguments> shapes() {
    List<Long> none = List.of(0L, 0L, 0L, 0L);
    List<Long> two = List.of(2L, 2L);
    return Stream.of(
        Arguments.of("N×6×6×8", withConv("y", none)),
        Arguments.of("N×6×8×10", withConv("y", List.of(1L, 1L, 1L, 1L))),
        Arguments.of("N×6×7×9", withConv("y", List.of(0L, 0L, 1L, 1L))),
        Arguments.of("N×6×3×4", withConv("y", none, "strides", two)),
        Arguments.of("N×6×4×6", withConv("y", none, "dilations", two)),
        Arguments.of("N×6×8×10", withConv("y", none, "auto_pad", "SAME_UPPER")),
        Arguments.of("N×6×4×5", withConv("y", none, "auto_pad", "SAME_LOWER", "strides", two)),
        Arguments.of("N×6×6×8", withConv("y", List.of(9L, 9L, 9L, 9L), "auto_pad", "VALID")),
        Arguments.of(
            "N×3×?×?",
            Net.input(3, -1, -1)
                .random("w", 3, 1, 3, 3)
                .op("y", "Conv", List.of("x", "w"), "group", 3L)),
        Arguments.of(
            "N×6×8", Net.input(3, 10).random("w", 6, 3, 3).op("y", "Conv", List.of("x", "w"))),
        Arguments.of(
            "N×3×4×5",
            picture().op("y", "MaxPool", List.of("x"), "kernel_shape", two, "strides", two)),
        Arguments.of(
            "N×3×3×3",
            picture()
                .op(
                    "y",
                    "MaxPool",
                    List.of("x"),
                    "kernel_shape",
                    List.of(3L, 3L),
                    "strides",
                    List.of(2L, 3L))),
        Arguments.of(
            "N×3×4×4",
            picture()
                .op(
                    "y",
                    "AveragePool",
                    List.of("x"),
                    "kernel_shape",
                    List.of(3L, 3L),
                    "strides",
                    List.of(2L, 3L),
                    "ceil_mode",
                    1L)),
        Arguments.of("N×3×1×1", picture().op("y", "GlobalAveragePool", List.of("x"))),
        Arguments.of(
            "N×3",
            picture()
                .op("y", "ReduceMean", List.of("x"), "axes", List.of(2L, -1L), "keepdims", 0L)),
        Arguments.of("1×1×1×1", picture().op("y", "ReduceMean", List.of("x"))),
        Arguments.of("N×240", picture().op("y", "Flatten", List.of("x"))),
        Arguments.of("1×?", picture().op("y", "Flatten", List.of("x"), "axis", 0L)),
        Arguments.of("?×80", picture().op("y", "Flatten", List.of("x"), "axis", 2L)),
        Arguments.of("N×240", reshape(picture(), 0, -1)),
        Arguments.of("N×240", reshape(picture(), -1, 240)),
        Arguments.of("N×3×80", reshape(picture(), 0, 3, -1)),
        Arguments.of("N×10×24", reshape(picture(), 0, 10, 24)),
        Arguments.of("2×?", reshape(picture(), 2, -1)),
        Arguments.of("N×5", Net.input(4).linear("y", "x", 5, 4)),
        Arguments.of("N×5", Net.input(4).random("w", 4, 5).op("y", "Gemm", List.of("x", "w"))),
        Arguments.of(
            "4×5", Net.input(4).random("w", 7, 5).op("y", "Gemm", List.of("x", "w"), "transA", 1L)),
        Arguments.of("N×3×8×5", picture().random("w", 10, 5).op("y", "MatMul", List.of("x", "w"))),
        Arguments.of(
            "N×7×8×10",
            picture()
                .random("w", 4, 3, 1, 1)
                .op("c", "Conv", List.of("x", "w"))
                .op("y", "Concat", List.of("c", "x"), "axis", 1L)),
        Arguments.of("?×3×8×10", picture().op("y", "Concat", List.of("x", "x"), "axis", 0L)),
        Arguments.of("N×3×8×20", picture().op("y", "Concat", List.of("x", "x"), "axis", -1L)),
        Arguments.of("N×3×8×10", picture().random("b", 3, 1, 1).op("y", "Add", List.of("b", "x"))),
        Arguments.of(
            "N×3×8×10",
            picture().constant("b", Tensor.scalar(2)).op("y", "Mul", List.of("x", "b"))),
        Arguments.of("N×4", Net.input(1).random("b", 4).op("y", "Sub", List.of("x", "b"))),
        Arguments.of("5×4", Net.input(4).random("b", 5, 1).op("y", "Div", List.of("x", "b"))),
        Arguments.of("10×8×3×N", picture().op("y", "Transpose", List.of("x"))),
        Arguments.of(
            "N×8×10×3",
            picture().op("y", "Transpose", List.of("x"), "perm", List.of(0L, 2L, 3L, 1L))),
        Arguments.of(
            "N×3",
            Net.input(3, 1, 1).constant("a", sizes(-1, 2)).op("y", "Squeeze", List.of("x", "a"))),
        Arguments.of("N×3", Net.input(3, 1, 1).op("y", "Squeeze", List.of("x"))),
        Arguments.of(
            "1×N×4×1",
            Net.input(4).constant("a", sizes(0, -1)).op("y", "Unsqueeze", List.of("x", "a"))),
        Arguments.of("N×4", Net.input(4).op("y", "Softmax", List.of("x"))));
  }

  @ParameterizedTest(name = "{index} {0}")
  @MethodSource("shapes")
  void follows_each_operator(String expected, Net net) {
    assertThat(ShapeInference.infer(net.unchecked("y")).get("y")).hasToString(expected);
  }

  static Stream<Arguments> errors() {
    List<Long> two = List.of(2L, 2L);
    return Stream.of(
        Arguments.of(
            "Conv `y`: weight 6×4×3×3 in 1 groups takes 4 channels, found the input N×3×8×10",
            picture().random("w", 6, 4, 3, 3).op("y", "Conv", List.of("x", "w"))),
        Arguments.of(
            "Conv `y`: weight 6×3×3 does not go with input N×3×8×10",
            picture().random("w", 6, 3, 3).op("y", "Conv", List.of("x", "w"))),
        Arguments.of(
            "Conv `y`: the window [9, 9] is larger than the padded input N×3×8×10",
            picture().random("w", 6, 3, 9, 9).op("y", "Conv", List.of("x", "w"))),
        Arguments.of("Conv `y`: input 1 is missing", picture().op("y", "Conv", List.of("x"))),
        Arguments.of(
            "Conv `y`: expected 4 pads of at least 0, found [1, 1]",
            picture()
                .random("w", 6, 3, 3, 3)
                .op("y", "Conv", List.of("x", "w"), "pads", List.of(1L, 1L))),
        Arguments.of(
            "Conv `y`: expected 2 strides of at least 1, found [1]",
            picture()
                .random("w", 6, 3, 3, 3)
                .op("y", "Conv", List.of("x", "w"), "strides", List.of(1L))),
        Arguments.of(
            "Conv `y`: expected 2 strides of at least 1, found [0, 1]",
            picture()
                .random("w", 6, 3, 3, 3)
                .op("y", "Conv", List.of("x", "w"), "strides", List.of(0L, 1L))),
        Arguments.of("PRelu `y`: input 1 is missing", picture().op("y", "PRelu", List.of("x"))),
        Arguments.of(
            "Conv `y`: auto_pad SAME needs a known spatial size, found N×3×?×?",
            Net.input(3, -1, -1)
                .random("w", 6, 3, 3, 3)
                .op("y", "Conv", List.of("x", "w"), "auto_pad", "SAME_UPPER")),
        Arguments.of(
            "MaxPool `y`: attribute `kernel_shape` is missing",
            picture().op("y", "MaxPool", List.of("x"))),
        Arguments.of(
            "MaxPool `y`: a window of 2 axes does not go with the input N×4 (N×C×spatial)",
            Net.input(4).op("y", "MaxPool", List.of("x"), "kernel_shape", two)),
        Arguments.of(
            "Gemm `y`: inner sizes differ: N×4 by 5×4",
            Net.input(4).random("w", 5, 4).op("y", "Gemm", List.of("x", "w"))),
        Arguments.of(
            "Gemm `y`: expected two matrices, found N×3×8×10 and 5×4",
            picture().random("w", 5, 4).op("y", "Gemm", List.of("x", "w"))),
        Arguments.of(
            "MatMul `y`: inner sizes differ: N×4 by 5×4",
            Net.input(4).random("w", 5, 4).op("y", "MatMul", List.of("x", "w"))),
        Arguments.of(
            "MatMul `y`: expected at least matrices, found N×4 and 4",
            Net.input(4).random("w", 4).op("y", "MatMul", List.of("x", "w"))),
        Arguments.of(
            "Add `y`: shapes N×4 and 3 do not broadcast",
            Net.input(4).random("b", 3).op("y", "Add", List.of("x", "b"))),
        Arguments.of("Reshape `y`: cannot reshape 1×3×8×10 to 7×7", reshape(picture(), 7, 7)),
        Arguments.of("Reshape `y`: cannot reshape 1×3×8×10 to 7×?", reshape(picture(), 7, -1)),
        Arguments.of(
            "Reshape `y`: expected a vector of a known length at input `x`, found N×3×8×10",
            picture().op("y", "Reshape", List.of("x", "x"))),
        Arguments.of(
            "Reshape `y`: size 0 at axis 4 copies an axis that 1×3×8×10 does not have",
            reshape(picture(), 1, 1, 1, 1, 0, 240)),
        Arguments.of(
            "Flatten `y`: axis 5 is outside a tensor of rank 4",
            picture().op("y", "Flatten", List.of("x"), "axis", 5L)),
        Arguments.of(
            "Concat `y`: axis 2 is outside a tensor of rank 2",
            Net.input(4).op("y", "Concat", List.of("x", "x"), "axis", 2L)),
        Arguments.of(
            "Concat `y`: shapes 1×4 and 1×3×1 do not go together along axis 1",
            Net.input(4).random("c", 1, 3, 1).op("y", "Concat", List.of("x", "c"), "axis", 1L)),
        Arguments.of(
            "Concat `y`: shapes 1×4 and 2×3 do not go together along axis 1",
            Net.input(4).random("c", 2, 3).op("y", "Concat", List.of("x", "c"), "axis", 1L)),
        Arguments.of(
            "Squeeze `y`: axis 1 of 1×4 is not 1",
            Net.input(4).op("y", "Squeeze", List.of("x"), "axes", List.of(1L))),
        Arguments.of(
            "Transpose `y`: [0, 2] is no order of the axes of 1×4",
            Net.input(4).op("y", "Transpose", List.of("x"), "perm", List.of(0L, 2L))),
        Arguments.of(
            "Transpose `y`: [0] is no order of the axes of 1×4",
            Net.input(4).op("y", "Transpose", List.of("x"), "perm", List.of(0L))),
        Arguments.of(
            "ReduceMean `y`: axis 2 is outside a tensor of rank 2",
            Net.input(4).op("y", "ReduceMean", List.of("x"), "axes", List.of(2L))),
        Arguments.of(
            "BatchNormalization `y`: input 4 is missing",
            Net.input(4).random("w", 4).op("y", "BatchNormalization", List.of("x", "w", "w", "w"))),
        Arguments.of(
            "BatchNormalization `y`: 3 values of `w` for the 4 channels of 1×4",
            Net.input(4)
                .random("w", 3)
                .op("y", "BatchNormalization", List.of("x", "w", "w", "w", "w"))));
  }

  @ParameterizedTest(name = "{index} {0}")
  @MethodSource("errors")
  void what_does_not_go_together_names_the_node(String message, Net net) {
    // Messages are compared for one sample, in which every size is known.
    boolean fixed = message.contains("1×4") || message.contains("1×3×8×10");

    assertThatThrownBy(
            () -> {
              Graph graph = net.unchecked("y");
              if (fixed) {
                ShapeInference.infer(graph, 1);
              } else {
                ShapeInference.infer(graph);
              }
            })
        .isInstanceOf(QalibreException.class)
        .hasMessage(message);
  }

  @Test
  void counts_multiplications_of_a_sample() {
    assertThat(ShapeInference.macs(SmallGraphs.network()))
        .containsEntry("conv1", 4L * 3 * 3 * 3 * 6 * 6)
        .containsEntry("dw", 4L * 3 * 3 * 3 * 3)
        .containsEntry("fc", 4L * 10)
        .containsEntry("relu1", 0L);
  }

  @Test
  void a_quantizer_keeps_the_shape() {
    Graph placed = io.qalibre.QuantConfig.int8().place(SmallGraphs.network());

    assertThat(ShapeInference.infer(placed).get("output")).hasToString("N×10");
    assertThat(ShapeInference.infer(placed, 5).get("output")).hasToString("5×10");
  }
}
