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
import io.qalibre.ptq.OutputRanges.Channels;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OutputRanges_observe_Test {
  private static Map<String, Tensor> batch(long seed) {
    return Map.of("x", Net.data(seed, 2, 3, 5, 5));
  }

  @Test
  void every_channel_of_a_convolution_is_seen_in_all_batches() {
    Graph graph =
        Net.input(3, 5, 5)
            .conv("a", "x", 4, 3, 3, 3)
            .op("r", "Relu", List.of("a"))
            .conv("b", "r", 2, 4, 1, 1)
            .build("b", "a");
    double[] low = new double[4];
    double[] high = new double[4];
    double[] sum = new double[4];
    java.util.Arrays.fill(low, Double.POSITIVE_INFINITY);
    java.util.Arrays.fill(high, Double.NEGATIVE_INFINITY);
    for (long seed = 1; seed <= 2; seed++) {
      Tensor output = Runner.run(Simulation.of(graph), batch(seed)).get("a");
      float[] values = output.floats();
      for (int i = 0; i < values.length; i++) {
        int channel = i / 25 % 4;
        low[channel] = Math.min(low[channel], values[i]);
        high[channel] = Math.max(high[channel], values[i]);
        sum[channel] += values[i] / 100;
      }
    }

    OutputRanges ranges = OutputRanges.observe(graph, Samples.of(List.of(batch(1), batch(2))));

    assertThat(ranges.layers()).containsOnlyKeys("a", "b");
    Channels channels = ranges.layers().get("a");
    for (int c = 0; c < 4; c++) {
      assertThat(channels.low().get(c)).isCloseTo(low[c], within(1e-5));
      assertThat(channels.high().get(c)).isCloseTo(1.5 * high[c], within(1e-5));
      assertThat(channels.mean().get(c)).isCloseTo(sum[c], within(1e-5));
    }
  }

  @Test
  void a_channel_that_is_always_negative_may_come_nearer_to_zero() {
    Graph graph =
        Net.input(1, 2, 2)
            .constant("w", Tensor.of(new float[] {0}, 1, 1, 1, 1))
            .constant("b", Tensor.of(new float[] {-4}, 1))
            .op("a", "Conv", List.of("x", "w", "b"))
            .build("a");

    Samples samples = Samples.of(List.of(Map.of("x", Net.data(1, 1, 1, 2, 2))));

    assertThat(OutputRanges.observe(graph, samples).layers().get("a"))
        .isEqualTo(new Channels(List.of(-4.0), List.of(-4.0), List.of(-2.0)));
  }

  @Test
  void statistics_of_normalizations_tell_of_the_layers_before_them_only() {
    Folded before =
        new Folded("a", "n", Direction.BACKWARD, List.of(1f, -1f), List.of(0.5f, -0.25f));
    Folded after = new Folded("b", "m", Direction.FORWARD, List.of(1f), List.of(1f));

    OutputRanges ranges = OutputRanges.of(List.of(before, after));

    assertThat(ranges.layers())
        .containsOnly(
            Map.entry(
                "a", new Channels(List.of(1.0, -1.0), List.of(-0.5, -1.75), List.of(9.0, 3.0))));
  }
}
