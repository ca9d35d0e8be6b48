package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.testing.Net;
import java.util.Collection;
import java.util.List;
import org.junit.jupiter.api.Test;

class BiasEncodings_of_Test {
  @Test
  void an_Add_after_a_MatMul_adds_its_bias() {
    Net net =
        Net.input(4)
            .random("w", 4, 3)
            .random("shift", 3)
            .op("m", "MatMul", List.of("x", "w"))
            .op("y", "Add", List.of("m", "shift"));
    Simulation simulation = simulation(net.build("y"), "per_tensor");

    EncodingsItem bias = parameter(simulation, "shift");

    double input = simulation.encoding("x").first().scale();
    double weight = simulation.encoding("w").first().scale();
    assertThat(bias.encoding().first().scale()).isEqualTo((float) input * (float) weight);
    assertThat(bias.encoding().bitwidth()).isEqualTo(32);
    assertThat(bias.encoding().first().offset()).isEqualTo(-(1L << 31));
  }

  @Test
  void the_bias_of_a_normalization_has_steps_of_its_own_size() {
    Simulation simulation =
        simulation(Net.input(3, 4, 4).batchNorm("n", "x", 3).build("n"), "per_tensor");

    Encoding grid = parameter(simulation, "n.beta").encoding().first();

    float[] beta = simulation.graph().initializer("n.beta").floats();
    double largest = Math.max(Math.abs(beta[0]), Math.max(Math.abs(beta[1]), Math.abs(beta[2])));
    assertThat(grid.scale()).isEqualTo(largest / 0x1p31);
  }

  /** AIMET's rule: a layer normalization needs a weight that is quantized where it is read. */
  @Test
  void the_bias_of_a_normalization_whose_weight_comes_through_an_Identity_has_none() {
    Net net =
        Net.input(3, 4, 4)
            .random("g", 4)
            .random("b1", 4)
            .random("b2", 4)
            .op("h", "Identity", List.of("g"))
            .convNoBias("c", "x", 3, 3, 1, 1)
            .op("n", "LayerNormalization", List.of("c", "g", "b1"))
            .op("y", "LayerNormalization", List.of("n", "h", "b2"));

    // In AIMET's order: by what computes with them, not by the Identity.
    assertThat(names(simulation(net.build("y"), "per_channel")))
        .containsExactly("c.weight", "g", "b1");
  }

  @Test
  void the_grid_of_an_input_comes_through_a_Pad_with_zeros() {
    assertThat(names(simulation(padded(0), "per_channel"))).containsExactly("y.weight", "y.bias");
    // One is not on the grid: the operator's sums are not in steps of its input's.
    assertThat(names(simulation(padded(1), "per_channel"))).containsExactly("y.weight");
  }

  private static Graph padded(float with) {
    return Net.input(3, 4, 4)
        .constant("pads", Tensor.of(new long[] {0, 0, 1, 1, 0, 0, 1, 1}, 8))
        .constant("with", Tensor.of(new float[] {with}))
        .op("r", "Relu", List.of("x"))
        .op("p", "Pad", List.of("r", "pads", "with"))
        .conv("y", "p", 3, 3, 1, 1)
        .build("y");
  }

  @Test
  void the_grid_of_an_input_comes_through_each_output_of_a_Split() {
    Net net =
        Net.input(4, 4, 4)
            .op("r", "Relu", List.of("x"))
            .split("r", 1, "s", "t")
            .conv("c", "s", 3, 2, 1, 1)
            .conv("d", "t", 3, 2, 1, 1)
            .op("y", "Add", List.of("c", "d"));

    assertThat(names(simulation(net.build("y"), "per_channel")))
        .containsExactly("c.weight", "c.bias", "d.weight", "d.bias");
  }

  @Test
  void a_bias_of_two_operators_or_without_grids_around_it_has_none() {
    Net net =
        Net.input(4)
            .random("a.weight", 4, 4)
            .random("b.weight", 4, 4)
            .random("bias", 4)
            .op("a", "Gemm", List.of("x", "a.weight", "bias"))
            .op("b", "Gemm", List.of("a", "b.weight", "bias"));
    Simulation shared = simulation(net.build("b"), "per_channel");
    Simulation single = simulation(Net.input(4).linear("c", "x", 2, 4).build("c"), "per_channel");
    Graph off =
        EncodedLayers.with(
            single.graph(), q -> q.switched(q.enabled() && !q.tensor().equals("x"), "test"));

    assertThat(names(shared)).containsExactly("a.weight", "b.weight");
    assertThat(names(single)).containsExactly("c.weight", "c.bias");
    assertThat(names(new Simulation(off, single.encodings()))).containsExactly("c.weight");
  }

  private static Simulation simulation(Graph graph, String config) {
    return EncodedLayers.encoded(
        Placement.place(graph, RuntimeConfig.builtIn(config), PlacementOptions.DEFAULT));
  }

  private static Collection<String> names(Simulation simulation) {
    return new EncodingsItems(simulation, true)
        .parameters().stream().map(EncodingsItem::tensor).toList();
  }

  private static EncodingsItem parameter(Simulation simulation, String tensor) {
    return new EncodingsItems(simulation, true)
        .parameters().stream()
            .filter(item -> item.tensor().equals(tensor))
            .findFirst()
            .orElseThrow();
  }
}
