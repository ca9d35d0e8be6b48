package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Net;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConstantFolding_fold_Test {
  private static Tensor integers(long... values) {
    return Tensor.of(values, values.length);
  }

  private static List<String> names(Graph graph) {
    return graph.nodes().stream().map(Node::name).toList();
  }

  private static Tensor output(Graph graph, Tensor x) {
    return Runner.run(Simulation.of(graph), Map.of("x", x)).get("y");
  }

  /** A linear layer whose weight is stored flat and transposed. */
  private static Graph linear() {
    return Net.input(3)
        .random("flat", 12)
        .constant("sizes", integers(-1, 4))
        .op("stored", "Reshape", List.of("flat", "sizes"))
        .op("weight", "Transpose", List.of("stored"))
        .op("turned", "Transpose", List.of("weight"))
        .op("y", "MatMul", List.of("x", "turned"))
        .build("y");
  }

  @Test
  void a_weight_that_is_computed_becomes_an_initializer_of_its_name() {
    Graph graph = linear();

    Graph folded = ConstantFolding.fold(graph);

    assertThat(names(folded)).containsExactly("y");
    assertThat(folded.initializers().keySet()).containsExactly("turned");
    assertThat(folded.initializer("turned")).isEqualTo(graph.initializer("flat").reshape(3, 4));
    Tensor x = Net.data(1, 2, 3);
    assertThat(output(folded, x)).isEqualTo(output(graph, x));
  }

  @Test
  void what_data_goes_into_stays() {
    Graph graph =
        Net.input(3)
            .random("w", 3)
            .random("unused", 2)
            .op("scaled", "Mul", List.of("x", "w"))
            .op("y", "Add", List.of("scaled", "w"))
            .build("y");

    assertThat(ConstantFolding.fold(graph)).isSameAs(graph);
  }

  @Test
  void identities_dropouts_and_outputs_stay() {
    Graph graph =
        Net.input(3)
            .random("w", 3)
            .op("same", "Identity", List.of("w"))
            .op("dropped", "Dropout", List.of("w"))
            .op("doubled", "Add", List.of("w", "w"))
            .op("sum", "Add", List.of("same", "dropped"))
            .op("y", "Add", List.of("x", "sum"))
            .build("y", "doubled");

    assertThat(ConstantFolding.fold(graph)).isSameAs(graph);
  }

  @Test
  void constants_that_others_read_stay() {
    Graph graph =
        Net.input(3)
            .random("w", 3)
            .op("doubled", "Add", List.of("w", "w"))
            .op("scaled", "Mul", List.of("x", "w"))
            .op("y", "Add", List.of("scaled", "doubled"))
            .build("y");

    Graph folded = ConstantFolding.fold(graph);

    assertThat(names(folded)).containsExactly("scaled", "y");
    assertThat(folded.initializers().keySet()).containsExactly("w", "doubled");
  }

  @Test
  void a_tensor_that_would_be_too_large_is_computed_when_the_network_runs() {
    long most = ConstantFolding.MOST_BYTES / 4;

    // The 8 bytes that say the size make room for two elements more.
    assertThat(names(ConstantFolding.fold(filled(most + 3)))).containsExactly("large", "y");
    assertThat(names(ConstantFolding.fold(filled(1L << 60)))).containsExactly("large", "y");
    assertThat(names(ConstantFolding.fold(filled(1000)))).containsExactly("y");
  }

  private static Graph filled(long elements) {
    return Net.input(1)
        .constant("size", integers(elements))
        .op("large", "ConstantOfShape", List.of("size"))
        .op("y", "Add", List.of("x", "large"))
        .build("y");
  }

  @Test
  void shapes_that_only_values_tell_are_found_step_by_step() {
    long[] ones = new long[100];
    Arrays.fill(ones, 1);
    Graph graph =
        Net.input(1)
            .constant("hundred", integers(ones))
            // Longer than the vectors whose elements are followed from node to node.
            .op("doubled", "Add", List.of("hundred", "hundred"))
            .constant("first", integers(0))
            .op("size", "Gather", List.of("doubled", "first"))
            .op("zeros", "ConstantOfShape", List.of("size"))
            .op("y", "Add", List.of("x", "zeros"))
            .build("y");

    Graph folded = ConstantFolding.fold(graph);

    assertThat(names(folded)).containsExactly("y");
    assertThat(folded.initializer("zeros")).isEqualTo(Tensor.of(new float[2], 2));
  }

  @Test
  void constants_that_cannot_be_computed_are_an_error() {
    Graph graph =
        Net.input(3)
            .random("w", 3)
            .constant("beyond", integers(3))
            .op("taken", "Gather", List.of("w", "beyond"))
            .op("y", "Add", List.of("x", "taken"))
            .build("y");

    assertThatThrownBy(() -> ConstantFolding.fold(graph))
        .isInstanceOf(QalibreException.class)
        .hasMessageStartingWith("network `net` does not run on this data: ")
        .hasMessageContaining("index out of range");
  }
}
