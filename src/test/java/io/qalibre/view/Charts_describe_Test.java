package io.qalibre.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.knowm.xchart.internal.chartpart.IChart;

class Charts_describe_Test {
  @Test
  void tells_the_range_and_the_last_value_of_lines() {
    IChart chart =
        Charts.lines(
            "Loss", "epoch", "loss", List.of(Line.of("train", 2, 0.5, 0.75), Line.of("none")));

    assertThat(Charts.describe(chart)).isEqualTo("Loss\n  train: n 3, min 0.5, max 2, last 0.75");
  }

  @Test
  void passes_over_values_that_are_not_finite() {
    IChart chart =
        Charts.lines(
            "", "step", "loss", List.of(Line.of("train", 1, Double.NaN, Double.POSITIVE_INFINITY)));

    assertThat(Charts.describe(chart)).isEqualTo("loss\n  train: n 1, min 1, max 1, last 1");
  }

  @Test
  void tells_a_histogram_with_its_thresholds() {
    IChart chart =
        Charts.histogram(
            "input",
            "value",
            new double[] {0.5, 1.5, 2.5},
            new long[] {4, 0, 1},
            List.of(new Marker("max", 2.25)));

    assertThat(Charts.describe(chart))
        .isEqualTo("input\n  counts from 0 to 3, at most 4 in a bin\n  max 2.25");
  }

  @Test
  void joins_more_bins_than_can_be_seen() {
    double[] centers = new double[2048];
    long[] counts = new long[2048];
    for (int i = 0; i < 2048; i++) {
      centers[i] = i + 0.5;
      counts[i] = 1;
    }

    assertThat(Charts.describe(Charts.logHistogram("", "value", centers, counts, List.of())))
        .contains("counts from 0 to 2048, at most 8 in a bin");
  }

  @Test
  void tells_bars_from_the_top_and_leaves_out_what_is_too_many() {
    List<String> names = java.util.stream.IntStream.range(0, 20).mapToObj(i -> "n" + i).toList();

    assertThat(Charts.describe(Charts.bars("Sensitivity", "loss", names, new double[20])))
        .startsWith("Sensitivity\n  loss: n 20\n    n0 0\n    n1 0")
        .endsWith("n11 0\n    … 8 more …");
  }

  @Test
  void tells_the_ranges_and_every_panel() {
    IChart ranges =
        Charts.ranges(
            "Weights",
            "channel",
            "weight",
            List.of(new RangeSeries("before", new double[] {-3, 1}, new double[] {-1, 2})));

    assertThat(Charts.describe(Charts.row("Both", List.of(ranges, ranges))))
        .isEqualTo("Both\nWeights\n  before: min -3, max 2\nWeights\n  before: min -3, max 2");
  }

  @Test
  void refuses_what_cannot_be_drawn() {
    assertThatThrownBy(() -> new Line("train", new double[2], new double[3]))
        .isInstanceOf(QalibreException.class)
        .hasMessage("line `train`: 2 positions but 3 values");
    assertThatThrownBy(() -> new RangeSeries("after", new double[2], new double[3]))
        .isInstanceOf(QalibreException.class)
        .hasMessage("ranges `after`: 2 minima but 3 maxima");
    assertThatThrownBy(() -> Charts.histogram("input", "", new double[0], new long[0], List.of()))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("histogram `input`: 0 bins and 0 counts");
    assertThatThrownBy(() -> Charts.bars("S", "", List.of("a"), new double[2]))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("bars `S`: 1 names and 2 values");
    assertThatThrownBy(() -> Charts.row("R", List.of()))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("panels `R`: 0 charts");
  }
}
