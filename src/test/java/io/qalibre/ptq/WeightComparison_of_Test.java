package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Range;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

class WeightComparison_of_Test {
  private static Graph graph(float... weights) {
    return Net.input(2)
        .linear("fc", "x", 2, 2)
        .build("fc")
        .withInitializers(Map.of("fc.weight", Tensor.of(weights, 2, 2)));
  }

  @Test
  void a_row_a_weight_with_its_channels_before_and_after() {
    WeightComparison comparison = WeightComparison.of(graph(1, -2, 8, 4), graph(1, -2, 4, 2));

    assertThat(comparison.layers())
        .containsExactly(
            new WeightComparison.Layer(
                "fc.weight",
                List.of(new Range(-2, 1), new Range(4, 8)),
                List.of(new Range(-2, 1), new Range(2, 4))));
    Table table = comparison.table();
    assertThat(table.columnNames())
        .containsExactly(
            "weight",
            "channels",
            "abs max before",
            "abs max after",
            "largest/smallest channel before",
            "largest/smallest channel after");
    assertThat(table.row(0).getDouble("abs max before")).isEqualTo(8);
    assertThat(table.row(0).getDouble("largest/smallest channel before"))
        .isCloseTo(4, within(1e-12));
    assertThat(table.row(0).getDouble("largest/smallest channel after"))
        .isCloseTo(2, within(1e-12));
    assertThat(comparison.chart()).isNotNull();
  }

  @Test
  void the_channels_of_a_weight_stored_the_other_way_are_its_columns() {
    Graph graph =
        Net.input(2)
            .constant("w", Tensor.of(new float[] {1, 10, 2, 20}, 2, 2))
            .op("fc", "Gemm", List.of("x", "w"))
            .build("fc");

    assertThat(WeightComparison.of(graph, graph).layers().get(0).before())
        .containsExactly(new Range(1, 2), new Range(10, 20));
  }

  @Test
  void a_dead_channel_does_not_count() {
    WeightComparison comparison = WeightComparison.of(graph(0, 0, 8, 4), graph(0, 0, 0, 0));

    Table table = comparison.table();
    assertThat(table.row(0).getDouble("largest/smallest channel before")).isEqualTo(1);
    assertThat(table.row(0).getDouble("abs max after")).isZero();
    assertThat(comparison.chart()).isNotNull();
  }

  @Test
  void networks_without_a_common_weight_are_refused() {
    Graph other = Net.input(2).linear("head", "x", 2, 2).build("head");

    assertThatThrownBy(() -> WeightComparison.of(graph(1, 2, 3, 4), other))
        .isInstanceOf(QalibreException.class)
        .hasMessage("net and net have no weight of the same name");
  }
}
