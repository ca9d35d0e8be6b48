package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
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
            single.graph(),
            q ->
                new QuantizerNode(
                    q.id(),
                    q.tensor(),
                    q.input(),
                    q.output(),
                    q.spec(),
                    q.placement().enabled(q.enabled() && !q.tensor().equals("x"), "test")));

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
