package io.qalibre.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class Graph_build_Test {
  private static void assertRefused(Net net, String output, String message) {
    assertThatThrownBy(() -> net.unchecked(output))
        .isInstanceOf(QalibreException.class)
        .hasMessage(message);
  }

  @Test
  void a_tensor_that_is_read_is_written_before() {
    assertRefused(
        Net.input(2).op("a", "Relu", List.of("nothing")),
        "a",
        "net: node `a` reads `nothing`, which nothing writes");
    assertRefused(
        Net.input(2).op("a", "Relu", List.of("b")).op("b", "Relu", List.of("x")),
        "a",
        "net: node `a` reads `b`, which is written only later (a cycle, or nodes out of order)");
    assertRefused(
        Net.input(2).op("a", "Relu", List.of("a")),
        "a",
        "net: node `a` reads `a`, which is written only later (a cycle, or nodes out of order)");
  }

  @Test
  void a_tensor_is_written_once() {
    OperatorNode again = new OperatorNode("b", "Relu", List.of("x"), List.of("a"), Attributes.NONE);
    Graph graph = Net.input(2).op("a", "Relu", List.of("x")).unchecked("a");

    assertThatThrownBy(() -> graph.toBuilder().node(again).build())
        .isInstanceOf(QalibreException.class)
        .hasMessage("net: tensor `a` is written twice");
    assertRefused(
        Net.input(2).op("x", "Relu", List.of("x")), "x", "net: tensor `x` is written twice");
    assertRefused(
        Net.input(2).constant("c", Tensor.scalar(1)).op("c", "Relu", List.of("x")),
        "c",
        "net: tensor `c` is written twice");
  }

  @Test
  void nodes_have_names_of_their_own() {
    Graph graph = Net.input(2).op("a", "Relu", List.of("x")).unchecked("a");
    OperatorNode same = new OperatorNode("a", "Relu", List.of("x"), List.of("b"), Attributes.NONE);

    assertThatThrownBy(() -> graph.toBuilder().node(same).build())
        .isInstanceOf(QalibreException.class)
        .hasMessage("net: two nodes are named `a`");
  }

  @Test
  void outputs_are_written() {
    assertRefused(
        Net.input(2).op("a", "Relu", List.of("x")), "y", "net: nothing writes its output `y`");
  }

  @Test
  void an_optional_input_may_be_left_out() {
    Graph graph =
        Net.input(2)
            .constant("six", Tensor.scalar(6))
            .op("a", "Clip", List.of("x", "", "six"))
            .unchecked("a");

    assertThat(graph.operators().get(0).hasInput(1)).isFalse();
    assertThat(graph.operators().get(0).hasInput(2)).isTrue();
    assertThat(graph.consumers("six")).hasSize(1);
  }

  @Test
  void it_knows_who_reads_and_who_writes() {
    Graph graph =
        Net.input(2)
            .op("a", "Relu", List.of("x"))
            .op("b", "Add", List.of("a", "a"))
            .op("c", "Relu", List.of("b"))
            .unchecked("c");

    assertThat(graph.consumers("a")).hasSize(2);
    assertThat(graph.hasSingleConsumer("a")).isFalse();
    assertThat(graph.hasSingleConsumer("b")).isTrue();
    assertThat(graph.hasSingleConsumer("c")).isFalse();
    assertThat(graph.producer("b").map(Node::name)).contains("b");
    assertThat(graph.producer("x")).isEmpty();
  }

  @Test
  void changed_initializers_keep_their_shape() {
    Graph graph =
        Net.input(2).random("bias", 2).op("a", "Add", List.of("x", "bias")).unchecked("a");

    Graph changed = graph.withInitializers(Map.of("bias", Tensor.of(new float[] {1, 2}, 2)));

    assertThat(changed.initializer("bias").floats()).containsExactly(1, 2);
    assertThat(graph.initializer("bias").floats()).isNotEqualTo(new float[] {1, 2});
    assertThatThrownBy(() -> graph.withInitializers(Map.of("bias", Tensor.of(new float[3], 3))))
        .isInstanceOf(QalibreException.class)
        .hasMessage("initializer `bias`: expected shape 2, found 3");
    assertThatThrownBy(() -> graph.withInitializers(Map.of("bios", Tensor.scalar(1))))
        .isInstanceOf(UnknownNameException.class)
        .hasMessage("no initializer `bios` in net; did you mean `bias`?");
  }
}
