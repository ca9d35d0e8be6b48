package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.data.Samples;
import io.qalibre.engine.Runner;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.ptq.Equalization.Clips;
import io.qalibre.ptq.OutputRanges.Channels;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is done where a ReLU6 lies between two layers. */
class CrossLayerEqualization_clips_Test {
  private static final Map<String, Tensor> INPUT = Map.of("x", Net.data(1, 8, 3, 8, 8));

  /** Channel 0 is small, channel 3 is cut off at 6. */
  private static Graph network() {
    Tensor weight = Net.normal(new Random(3), 4, 3, 3, 3);
    float[] values = weight.floats();
    for (int i = 0; i < values.length; i++) {
      values[i] *= new float[] {0.01f, 0.1f, 0.3f, 3}[i / 27];
    }
    return Net.input(3, 8, 8)
        .constant("w", Tensor.of(values, 4, 3, 3, 3))
        .random("bias", 4)
        .constant("zero", Tensor.scalar(0))
        .constant("six", Tensor.scalar(6))
        .op("a", "Conv", List.of("x", "w", "bias"))
        .op("clip", "Clip", List.of("a", "zero", "six"))
        .conv("b", "clip", 5, 4, 3, 3)
        .build("b");
  }

  private static OutputRanges seen(Graph graph) {
    return OutputRanges.observe(graph, Samples.of(List.of(INPUT)));
  }

  private static EqualizedGraph equalized(Graph graph, Clips clips) {
    return CrossLayerEqualization.equalize(
        graph, Equalization.DEFAULT.withClips(clips), seen(graph));
  }

  private static double sqnr(Graph before, Graph after) {
    return Golden.sqnr(
        Runner.run(Simulation.of(before), INPUT).get("b"),
        Runner.run(Simulation.of(after), INPUT).get("b"));
  }

  @Test
  void a_channel_that_reaches_the_bound_keeps_its_scale_and_no_other_reaches_it() {
    Graph graph = network();
    Channels before = seen(graph).layers().get("a");
    assertThat(before.high().get(3)).isGreaterThan(6);
    assertThat(before.high().get(0)).isBetween(0.0, 3.0);

    EqualizedGraph result = equalized(graph, Clips.LIMIT_FACTORS);

    List<Double> factors = result.pairs().get(0).factors();
    assertThat(factors.get(3)).isEqualTo(1);
    assertThat(factors.get(0)).isLessThan(0.8);
    Channels after = seen(result.graph()).layers().get("a");
    for (int c = 0; c < 3; c++) {
      assertThat(after.high().get(c)).isLessThanOrEqualTo(6 + 1e-5);
      assertThat(after.high().get(c))
          .isCloseTo(before.high().get(c) / factors.get(c), within(1e-4));
    }
    assertThat(result.graph().nodes()).isEqualTo(graph.nodes());
    assertThat(sqnr(graph, result.graph())).isGreaterThan(100);
  }

  @Test
  void with_a_bound_for_each_channel_all_are_scaled() {
    Graph graph = network();

    EqualizedGraph result =
        CrossLayerEqualization.equalize(
            graph, Equalization.DEFAULT.withClips(Clips.BOUND_CHANNELS), OutputRanges.NONE);

    List<Double> factors = result.pairs().get(0).factors();
    assertThat(factors.get(3)).isGreaterThan(1.5);
    assertThat(result.graph().operators())
        .extracting(OperatorNode::name, OperatorNode::type, OperatorNode::output)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("a", "Conv", "a"),
            org.assertj.core.groups.Tuple.tuple("clip_relu", "Relu", "clip_relu"),
            org.assertj.core.groups.Tuple.tuple("clip", "Min", "clip"),
            org.assertj.core.groups.Tuple.tuple("b", "Conv", "b"));
    Tensor bounds = result.graph().initializer("clip.bound");
    assertThat(bounds.sizes()).containsExactly(4, 1, 1);
    assertThat(bounds.floats()[3]).isCloseTo((float) (6 / factors.get(3)), within(1e-5f));
    assertThat(result.graph().initializers()).doesNotContainKeys("zero", "six");
    assertThat(sqnr(graph, result.graph())).isGreaterThan(100);
  }

  @Test
  void a_relu_in_its_place_changes_the_function() {
    Graph graph = network();

    EqualizedGraph result = equalized(graph, Clips.REPLACE_BY_RELU);

    assertThat(result.graph().operators())
        .extracting(OperatorNode::type)
        .containsExactly("Conv", "Relu", "Conv");
    assertThat(result.pairs()).hasSize(1);
    assertThat(sqnr(graph, result.graph())).isBetween(0.0, 40.0);
  }

  @Test
  void layers_that_are_left_are_named() {
    EqualizedGraph result = equalized(network(), Clips.LEAVE);

    assertThat(result.pairs()).isEmpty();
    assertThat(result.left()).containsExactly("a");
    assertThat(result)
        .hasToString("no pair of layers to equalize; 1 pairs with a Clip between stay as they are");
  }

  @Test
  void a_clip_that_does_not_begin_at_zero_ends_the_chain() {
    Graph graph = network().withInitializers(Map.of("zero", Tensor.scalar(-1)));

    EqualizedGraph result = equalized(graph, Clips.BOUND_CHANNELS);

    assertThat(result.pairs()).isEmpty();
    assertThat(result.left()).isEmpty();
  }
}
