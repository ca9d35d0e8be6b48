package io.qalibre.config;

import static io.qalibre.config.SmallGraphs.enabled;
import static io.qalibre.config.SmallGraphs.rule;
import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Net;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code int8} leaves in floats in front of a Softmax. */
class Placement_floatInputs_Test {
  private static final String RULE = "qalibre.float_inputs Softmax";

  private static Graph place(Graph graph, String builtIn) {
    return Placement.place(graph, RuntimeConfig.builtIn(builtIn), PlacementOptions.DEFAULT);
  }

  /** From x of N×3×8×8 to the product {@code scores} of N×3×8×8 with itself. */
  private static Net scores() {
    return Net.input(3, 8, 8)
        .constant("flat", Tensor.of(new long[] {0, 3, 64}, 3))
        .op("scores", "MatMul", List.of("x", "x"));
  }

  @Test
  void a_Softmax_reads_the_floats_of_a_product() {
    Graph placed = place(scores().op("y", "Softmax", List.of("scores")).build("y"), "int8");

    assertThat(enabled(placed)).containsExactly("x", "y");
    assertThat(rule(placed, "scores")).isEqualTo(RULE);
  }

  @Test
  void through_operators_that_hand_values_on() {
    Graph placed =
        place(
            scores()
                .op("sum", "Add", List.of("scores", "x"))
                .op("shaped", "Reshape", List.of("sum", "flat"))
                .op("turned", "Transpose", List.of("shaped"), "perm", List.of(0L, 2L, 1L))
                .op("y", "Softmax", List.of("turned"))
                .build("y"),
            "int8");

    assertThat(enabled(placed)).containsExactly("x", "scores", "y");
    assertThat(rule(placed, "sum")).isEqualTo(RULE);
  }

  @Test
  void what_others_read_stays_quantized() {
    Graph placed =
        place(
            scores()
                .op("y", "Softmax", List.of("scores"))
                .op("z", "Sigmoid", List.of("scores"))
                .build("y", "z"),
            "int8");

    assertThat(enabled(placed)).containsExactly("x", "scores", "y", "z");
  }

  @Test
  void what_is_an_output_stays_quantized() {
    Graph graph = scores().op("y", "Softmax", List.of("scores")).build("scores", "y");

    assertThat(enabled(place(graph, "int8"))).containsExactly("x", "scores", "y");
  }

  @Test
  void convolutions_keep_their_outputs_quantized_and_so_stay_integer_kernels() {
    Graph placed =
        place(
            Net.input(3, 8, 8)
                .constant("flat", Tensor.of(new long[] {0, 4, 64}, 3))
                .conv("conv", "x", 4, 3, 1, 1)
                .op("relu", "Relu", List.of("conv"))
                .op("shaped", "Reshape", List.of("relu", "flat"))
                .op("y", "Softmax", List.of("shaped"))
                .build("y"),
            "int8");

    assertThat(enabled(placed)).containsExactly("x", "conv.weight", "relu", "y");
  }

  @Test
  void a_convolution_further_up_does_not_count() {
    Graph placed =
        place(
            Net.input(3, 8, 8)
                .conv("conv", "x", 3, 3, 1, 1)
                .op("scores", "MatMul", List.of("conv", "x"))
                .op("y", "Softmax", List.of("scores"))
                .build("y"),
            "int8");

    assertThat(enabled(placed)).containsExactly("x", "conv.weight", "conv", "y");
  }

  @ParameterizedTest
  @ValueSource(strings = {"per_tensor", "per_channel", "htp_v73"})
  void other_targets_quantize_it(String builtIn) {
    Graph placed = place(scores().op("y", "Softmax", List.of("scores")).build("y"), builtIn);

    assertThat(enabled(placed)).contains("scores", "y");
  }
}
