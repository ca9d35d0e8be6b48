package io.qalibre.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Shapes and errors of windows, normalizations, Resize, Pad, Einsum and recurrent networks. */
class ShapeInference_windows_Test {
  private static final List<Long> TWO = List.of(2L, 2L);

  private static Net picture() {
    return Net.input(3, 8, 10);
  }

  private static Net open() {
    return Net.input(3, -1, -1);
  }

  private static Net resize(Net net, Object... attributes) {
    return net.op("y", "Resize", List.of("x", "", "scales"), attributes);
  }

  private static Net scales(float... scales) {
    return picture().constant("scales", Tensor.of(scales, scales.length));
  }

  private static Net resizeTo(Net net, List<Long> axes, String policy, long... sizes) {
    return net.constant("sizes", Tensor.of(sizes, sizes.length))
        .op(
            "y",
            "Resize",
            List.of("x", "", "", "sizes"),
            "axes",
            axes,
            "keep_aspect_ratio_policy",
            policy);
  }

  private static Net pad(Net net, long... pads) {
    return net.constant("pads", Tensor.of(pads, pads.length))
        .op("y", "Pad", List.of("x", "pads"), "mode", "reflect");
  }

  private static Net einsum(String equation) {
    return picture()
        .random("w", 5, 10, 4)
        .op("y", "Einsum", List.of("x", "w"), "equation", equation);
  }

  private static Net transpose(Net net, Object... attributes) {
    return net.random("w", 3, 2, 3, 3).op("y", "ConvTranspose", List.of("x", "w"), attributes);
  }

  private static Net lstm(long inputs, Object... attributes) {
    return Net.input(7, 6)
        .random("w", 1, 16, inputs)
        .random("r", 1, 16, 4)
        .op("y", "LSTM", List.of("x", "w", "r"), attributes);
  }

  static Stream<Arguments> shapes() {
    return Stream.of(
        Arguments.of(
            "N×3×?×?",
            open().op("y", "MaxPool", List.of("x"), "kernel_shape", TWO, "auto_pad", "SAME_LOWER")),
        Arguments.of("N×2×10×12", transpose(picture())),
        Arguments.of("N×2×?×?", transpose(open())),
        Arguments.of("N×2×16×20", transpose(picture(), "strides", TWO, "auto_pad", "SAME_UPPER")),
        Arguments.of("N×2×9×9", transpose(open(), "output_shape", List.of(9L, 9L))),
        Arguments.of(
            "N×4×18×22",
            transpose(picture(), "strides", TWO, "group", 2L, "output_padding", List.of(1L, 1L))),
        Arguments.of("N×3", Net.input(3, 4).random("w", 4).op("y", "MatMul", List.of("x", "w"))),
        Arguments.of("N×3×8×4", einsum("...i,dij->...j")),
        Arguments.of("4×5", einsum("n c h i, d i j -> j d")),
        Arguments.of("N×3×16×15", resize(scales(1, 1, 2, 1.5f))),
        Arguments.of("N×3×7×10", resize(scales(1, 1, 0.875f, 1))),
        Arguments.of("N×3×4×5", resizeTo(picture(), List.of(3L, 2L), "not_larger", 5, 6)),
        Arguments.of("N×3×6×8", resizeTo(picture(), List.of(3L, 2L), "not_smaller", 5, 6)),
        Arguments.of("N×3×6×5", resizeTo(open(), List.of(3L, 2L), "stretch", 5, 6)),
        Arguments.of("N×3×11×7", pad(picture(), 0, 0, 1, -2, 0, 0, 2, -1)),
        Arguments.of("N×7×1×4", lstm(6, "layout", 1L)),
        Arguments.of("N×1×7×4", lstm(6)),
        Arguments.of(
            "N×3×8×10",
            picture().random("w", 3).op("y", "InstanceNormalization", List.of("x", "w", "w"))));
  }

  @ParameterizedTest(name = "{index} {0}")
  @MethodSource("shapes")
  void follows_each_operator(String expected, Net net) {
    assertThat(ShapeInference.infer(net.unchecked("y")).get("y")).hasToString(expected);
  }

  static Stream<Arguments> errors() {
    return Stream.of(
        Arguments.of(
            "ConvTranspose `y`: weight 3×2×3×3 takes 3 channels, found the input N×4",
            transpose(Net.input(4, 8, 8))),
        Arguments.of(
            "MaxPool `y`: auto_pad: expected NOTSET, SAME_UPPER, SAME_LOWER or VALID, found SAME",
            picture().op("y", "MaxPool", List.of("x"), "kernel_shape", TWO, "auto_pad", "SAME")),
        Arguments.of(
            "MatMul `y`: inner sizes differ: N×3 by 4",
            Net.input(3).random("w", 4).op("y", "MatMul", List.of("x", "w"))),
        Arguments.of(
            "Einsum `y`: expected an equation of 2 operands, found `ij->ji`", einsum("ij->ji")),
        Arguments.of(
            "Einsum `y`: `ij` of `ij,jkl->il` does not go with N×3×8×10", einsum("ij,jkl->il")),
        Arguments.of(
            "Einsum `y`: a letter of `nchh,hij->n` stands for 8 and for 10", einsum("nchh,hij->n")),
        Arguments.of(
            "Resize `y`: expected scales or sizes, found neither",
            picture().op("y", "Resize", List.of("x"))),
        Arguments.of(
            "Resize `y`: expected a number for each of 4 axes, found 2", resize(scales(2, 2))),
        Arguments.of(
            "Resize `y`: attribute `mode`: expected one of [nearest, linear, cubic], found area",
            resize(scales(1, 1, 2, 2), "mode", "area")),
        Arguments.of("Resize `y`: expected scales above 0, found 0.0", resize(scales(1, 1, 0, 2))),
        Arguments.of(
            "Pad `y`: expected 2 pads for each of 4 axes, found [1, 1]", pad(picture(), 1, 1)),
        Arguments.of(
            "Pad `y`: pads of -9 and 0 do not go with axis 2 of N×3×8×10",
            pad(picture(), 0, 0, -9, 0, 0, 0, 0, 0)),
        Arguments.of("LSTM `y`: `w`: expected 1×16×6, found 1×16×5", lstm(5)),
        Arguments.of(
            "LSTM `y`: attribute `direction`: expected forward, reverse or bidirectional, found up",
            lstm(6, "direction", "up")),
        Arguments.of(
            "GroupNormalization `y`: num_groups: expected a divisor of the 3 channels, found 2",
            picture()
                .random("w", 2)
                .op("y", "GroupNormalization", List.of("x", "w", "w"), "num_groups", 2L)),
        Arguments.of(
            "LpNormalization `y`: axis 4 is outside a tensor of rank 4",
            picture().op("y", "LpNormalization", List.of("x"), "axis", 4L)),
        Arguments.of(
            "GlobalLpPool `y`: expected an input N×C×spatial, found N×3",
            Net.input(3).op("y", "GlobalLpPool", List.of("x"))));
  }

  @ParameterizedTest(name = "{index} {0}")
  @MethodSource("errors")
  void says_what_does_not_go_together(String message, Net net) {
    assertThatThrownBy(() -> ShapeInference.infer(net.unchecked("y")))
        .isInstanceOf(QalibreException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void counts_the_products_of_a_transposed_convolution_and_of_a_recurrent_network() {
    assertThat(ShapeInference.macs(transpose(picture()).unchecked("y")))
        .containsEntry("y", 8L * 10 * 3 * 2 * 3 * 3);
    assertThat(ShapeInference.macs(lstm(6).unchecked("y"))).containsEntry("y", 7L * 16 * (6 + 4));
    assertThat(ShapeInference.macs(einsum("nchi,dij->nchdj").unchecked("y")))
        .containsEntry("y", 3L * 8 * 10 * 5 * 4);
  }
}
