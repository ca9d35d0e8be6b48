package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Net;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DerivedItems_of_Test {
  @Test
  void grids_are_handed_on_in_order_of_execution_and_then_backwards() {
    Graph graph =
        Net.input(4)
            .op("a", "Relu", List.of("x"))
            .op("b", "Identity", List.of("a"))
            .op("c", "Identity", List.of("b"))
            .op("d", "Sigmoid", List.of("c"))
            .op("e", "Identity", List.of("d"))
            .op("f", "Identity", List.of("e"))
            .unchecked("f");

    assertThat(derived(graph, item("a", 1), item("f", 2)))
        .containsExactly("b:1", "c:1", "e:2", "d:2");
  }

  @Test
  void all_inputs_have_to_have_the_same_grid() {
    Net net =
        Net.input(4)
            .op("a", "Relu", List.of("x"))
            .op("b", "Relu", List.of("x"))
            .op("c", "Concat", List.of("a", "b"), "axis", 1L);
    Graph graph = net.unchecked("c");

    assertThat(derived(graph, item("a", 1), item("b", 1))).containsExactly("c:1");
    assertThat(derived(graph, item("a", 1), item("b", 2))).isEmpty();
    assertThat(derived(graph, item("a", 1))).isEmpty();
    assertThat(derived(graph, item("c", 1))).containsExactly("a:1", "b:1");
  }

  @Test
  void an_input_that_others_read_keeps_its_values() {
    Graph graph =
        Net.input(4)
            .op("a", "Relu", List.of("x"))
            .op("b", "Identity", List.of("a"))
            .op("c", "Relu", List.of("a"))
            .unchecked("b", "c");

    assertThat(derived(graph, item("b", 1))).isEmpty();
  }

  @Test
  void a_Pad_hands_on_the_grid_of_what_is_padded() {
    Graph graph =
        Net.input(4).random("value", 1).op("b", "Pad", List.of("x", "", "value")).unchecked("b");

    assertThat(derived(graph, item("x", 1))).contains("b:1");
  }

  @Test
  void a_Clip_that_quantizes_its_output_hands_the_grid_back() {
    Graph graph =
        Net.input(4)
            .random("low", 1)
            .op("a", "Sigmoid", List.of("x"))
            .op("b", "Clip", List.of("a", "low"))
            .unchecked("b");

    assertThat(derived(graph, item("b", 1), item("low", 2))).containsExactly("a:1");
    assertThat(derived(graph, item("a", 1), item("low", 2))).isEmpty();
  }

  @Test
  void grids_of_channels_are_not_handed_on() {
    Graph graph = Net.input(2).random("w", 2, 2).op("t", "Transpose", List.of("w")).unchecked("t");
    TensorEncoding channels = TensorEncoding.ofAxis(0, List.of(grid(1), grid(1)));
    EncodingsItem weight = new EncodingsItem("w", true, TensorShape.of(2, 2), channels);

    assertThat(derived(graph, weight)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"-20, true", "-3, false"})
  void the_smallest_of_a_masked_Softmax_has_none(float shift, boolean masked) {
    Graph graph =
        Net.input(2, 3, 4)
            .constant("axes", Tensor.of(new long[] {-1}, 1))
            .constant("shift", Tensor.scalar(shift))
            .random("mask", 1, 2, 3, 4)
            .op("least", "ReduceMin", List.of("x", "axes"))
            .op("low", "Add", List.of("least", "shift"))
            .op("where", "Where", List.of("mask", "x", "low"))
            .op("s", "Softmax", List.of("where"), "axis", -1L)
            .unchecked("s");

    assertThat(derived(graph, item("x", 1)).contains("least:1")).isEqualTo(!masked);
  }

  private static List<String> derived(Graph graph, EncodingsItem... items) {
    return DerivedItems.of(graph, Arrays.asList(items), ActivationCodes.UNSIGNED).stream()
        .map(item -> item.tensor() + ":" + (int) item.encoding().first().scale())
        .toList();
  }

  private static EncodingsItem item(String tensor, double scale) {
    return new EncodingsItem(
        tensor, false, TensorShape.of(new long[0]), TensorEncoding.perTensor(grid(scale)));
  }

  private static Encoding grid(double scale) {
    return Encoding.of(scale, -3, 255, 8, false);
  }
}
