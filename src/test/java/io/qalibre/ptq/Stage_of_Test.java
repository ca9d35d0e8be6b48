package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Graph;
import io.qalibre.testing.Net;
import java.util.List;
import org.junit.jupiter.api.Test;

class Stage_of_Test {
  private static List<Stage> stages(Graph graph) {
    return Stage.of(graph, LinearLayer.of(graph));
  }

  private static List<String> names(Stage stage) {
    return stage.layers().stream().map(LinearLayer::name).toList();
  }

  @Test
  void a_layer_comes_after_all_it_depends_on_and_with_those_it_does_not() {
    Graph graph =
        Net.input(4, 8, 8)
            .conv("a", "x", 4, 4, 1, 1)
            .op("r", "Relu", List.of("a"))
            .conv("b", "r", 4, 4, 1, 1)
            .conv("c", "x", 4, 4, 1, 1)
            .op("sum", "Add", List.of("b", "r"))
            .op("all", "Add", List.of("sum", "c"))
            .conv("d", "all", 4, 4, 1, 1)
            .op("y", "Relu", List.of("d"))
            .build("y");

    List<Stage> stages = stages(graph);

    assertThat(stages).hasSize(3);
    assertThat(names(stages.get(0))).containsExactly("a", "c");
    assertThat(stages.get(0).live()).containsExactly("x");
    assertThat(names(stages.get(1))).containsExactly("b");
    assertThat(stages.get(1).live()).containsExactlyInAnyOrder("r", "c");
    assertThat(names(stages.get(2))).containsExactly("d");
    assertThat(stages.get(2).live()).containsExactly("all");
  }

  @Test
  void a_product_with_a_computed_matrix_is_no_layer() {
    Graph graph =
        Net.input(4, 4)
            .random("w", 4, 4)
            .op("a", "MatMul", List.of("x", "w"))
            .op("y", "MatMul", List.of("a", "a"))
            .build("y");

    assertThat(stages(graph)).hasSize(1);
    assertThat(names(stages(graph).get(0))).containsExactly("a");
  }
}
