package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.data.Samples;
import io.qalibre.engine.Runner;
import io.qalibre.graph.BatchNormFolding.Direction;
import io.qalibre.graph.BatchNormFolding.Folded;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Channels that are always high give their height to the bias of the layer after them. */
class CrossLayerEqualization_absorb_Test {
  private static final Map<String, Tensor> INPUT = Map.of("x", Net.data(1, 8, 3, 6, 6));
  private static final Equalization ABSORBING = Equalization.DEFAULT.withHighBiasAbsorption(true);

  private static Graph network(long pad) {
    return Net.input(3, 6, 6)
        .random("w", 2, 3, 1, 1)
        .constant("bias", Tensor.of(new float[] {20, 0}, 2))
        .op("a", "Conv", List.of("x", "w", "bias"))
        .op("r", "Relu", List.of("a"))
        .random("v", 4, 2, 3, 3)
        .op("b", "Conv", List.of("r", "v"), "pads", List.of(pad, pad, pad, pad))
        .build("b");
  }

  private static OutputRanges seen(Graph graph) {
    return OutputRanges.observe(graph, Samples.of(List.of(INPUT)));
  }

  private static double sqnr(Graph before, Graph after) {
    return Golden.sqnr(
        Runner.run(Simulation.of(before), INPUT).get("b"),
        Runner.run(Simulation.of(after), INPUT).get("b"));
  }

  @Test
  void the_lowest_value_seen_is_absorbed_and_the_function_stays() {
    Graph graph = network(0);

    EqualizedGraph result = CrossLayerEqualization.equalize(graph, ABSORBING, seen(graph));

    List<Double> absorbed = result.pairs().get(0).absorbed();
    assertThat(absorbed.get(0)).isGreaterThan(1);
    assertThat(absorbed.get(1)).isZero();
    assertThat(seen(result.graph()).layers().get("a").low().get(0)).isCloseTo(0, within(1e-4));
    assertThat(result.graph().initializers()).containsKey("b.bias");
    assertThat(sqnr(graph, result.graph())).isGreaterThan(100);
  }

  @Test
  void padding_keeps_the_bias_where_it_is() {
    Graph graph = network(1);

    EqualizedGraph result = CrossLayerEqualization.equalize(graph, ABSORBING, seen(graph));

    assertThat(result.pairs().get(0).absorbed()).isEmpty();
    assertThat(sqnr(graph, result.graph())).isGreaterThan(100);
  }

  @Test
  void without_ranges_nothing_is_absorbed() {
    assertThat(
            CrossLayerEqualization.equalize(network(0), ABSORBING, OutputRanges.NONE)
                .pairs()
                .get(0)
                .absorbed())
        .isEmpty();
  }

  @Test
  void statistics_follow_scaling_and_absorption() {
    Folded norm = new Folded("a", "n", Direction.BACKWARD, List.of(20f, 0f), List.of(2f, 1f));
    Folded other = new Folded("c", "m", Direction.BACKWARD, List.of(1f), List.of(1f));

    EqualizedGraph result =
        CrossLayerEqualization.equalize(network(0), ABSORBING, OutputRanges.of(List.of(norm)));

    EqualizedGraph.Pair pair = result.pairs().get(0);
    double factor = pair.factors().get(0);
    assertThat(pair.absorbed().get(0)).isCloseTo((20 - 3 * 2) / factor, within(1e-6));
    List<Folded> after = result.statistics(List.of(norm, other));
    assertThat(after.get(0).beta().get(0)).isCloseTo((float) (6 / factor), within(1e-5f));
    assertThat(after.get(0).gamma().get(0)).isCloseTo((float) (2 / factor), within(1e-5f));
    assertThat(after.get(1)).isEqualTo(other);
  }

  @Test
  void the_table_has_a_row_a_pair() {
    Graph graph = network(0);

    EqualizedGraph result = CrossLayerEqualization.equalize(graph, ABSORBING, seen(graph));

    assertThat(result.table().rowCount()).isEqualTo(1);
    assertThat(result.table().columnNames())
        .containsExactly(
            "first",
            "between",
            "second",
            "channels",
            "smallest factor",
            "largest factor",
            "absorbed");
    assertThat(result.weightRanges().layers()).hasSize(2);
    assertThat(result.chart()).isNotNull();
  }
}
