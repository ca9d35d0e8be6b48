package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.QuantScheme;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DepthFirst_order_Test {
  private static Graph branches(float one, float two) {
    return Net.input(64)
        .constant("k1", Tensor.of(new float[] {one}, 1))
        .constant("k2", Tensor.of(new float[] {two}, 1))
        .op("a", "Mul", List.of("x", "k1"))
        .op("b", "Mul", List.of("x", "k2"))
        .op("y", "Concat", List.of("a", "b"), "axis", 1L)
        .build("y");
  }

  @Test
  void the_last_branch_comes_first_and_what_a_node_reads_before_it() {
    assertThat(DepthFirst.order(branches(1, 2)))
        .extracting(Node::name)
        .containsExactly("b", "a", "y");
  }

  @Test
  void every_node_comes_once() {
    Graph graph =
        Net.input(4)
            .op("a", "Relu", List.of("x"))
            .op("b", "Relu", List.of("a"))
            .op("c", "Add", List.of("a", "b"))
            .op("d", "Add", List.of("a", "c"))
            .build("d", "b");

    assertThat(DepthFirst.order(graph)).extracting(Node::name).containsExactly("a", "b", "c", "d");
  }

  /** Scales and offsets are AIMET's for these layers and samples. */
  @ParameterizedTest
  @CsvSource({
    "1, 3, tf_enhanced, 0.0235294122248888, -128",
    "3, 1, tf_enhanced, 0.02314644679427147, -130",
    "1, 3, percentile, 0.023529411764705882, -128",
    "3, 1, percentile, 0.023146446078431374, -130"
  })
  void tied_quantizers_see_their_tensors_in_this_order(
      float one, float two, String scheme, double scale, long offset) {
    QuantScheme chosen =
        scheme.equals("percentile") ? QuantScheme.percentile(100) : QuantScheme.TF_ENHANCED;
    Graph placed =
        Placement.place(
            branches(one, two),
            RuntimeConfig.builtIn("per_channel"),
            PlacementOptions.DEFAULT.withSchemes(chosen, chosen));
    float[] values = new float[64];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (-1 + 2.0 * i / 63);
    }

    var grid =
        Calibrator.calibrate(placed, Labelled.of(Tensor.of(values, 1, 64)))
            .simulation()
            .encoding(
                placed.quantizers().stream()
                    .filter(q -> q.tensor().equals("y"))
                    .findFirst()
                    .orElseThrow()
                    .id())
            .first();

    assertThat(grid.scale()).isCloseTo(scale, Percentage.withPercentage(1e-4));
    assertThat(grid.offset()).isEqualTo(offset);
  }
}
