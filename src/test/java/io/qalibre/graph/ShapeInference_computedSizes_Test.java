package io.qalibre.graph;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.engine.Runner;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Sizes that a network computes from shapes: the batch keeps its name, and what runs agrees. */
class ShapeInference_computedSizes_Test {
  private static Tensor integers(long... values) {
    return Tensor.of(values, values.length);
  }

  private static Tensor scalar(long value) {
    return Tensor.of(new long[] {value});
  }

  /** N×2×6 with the constants that the networks below share. */
  private static Net net() {
    return Net.input(2, 6)
        .constant("zero", scalar(0))
        .constant("one", scalar(1))
        .constant("first", integers(0))
        .constant("second", integers(1))
        .constant("rest", integers(-1))
        .op("shape", "Shape", List.of("x"));
  }

  private static Tensor run(Graph graph) {
    return Runner.run(Simulation.of(graph), Map.of("x", Net.data(1, 3, 2, 6))).get("y");
  }

  private static void assertShape(Net net, String inferred, long... found) {
    Graph graph = net.build("y");
    assertThat(ShapeInference.infer(graph).get("y")).hasToString(inferred);
    assertThat(run(graph).sizes()).containsExactly(found);
  }

  @Test
  void a_batch_that_is_gathered_from_a_shape_stays_the_batch() {
    Graph graph =
        net()
            .op("n", "Gather", List.of("shape", "zero"))
            .op("n1", "Unsqueeze", List.of("n", "first"))
            .op("sizes", "Concat", List.of("n1", "rest"), "axis", 0L)
            .op("y", "Reshape", List.of("x", "sizes"))
            .build("y");

    assertThat(ShapeInference.infer(graph).get("y")).hasToString("N×12");
    assertThat(run(graph)).isEqualTo(Net.data(1, 3, 2, 6).reshape(3, 12));
  }

  @Test
  void a_batch_that_is_sliced_from_a_shape_stays_the_batch() {
    assertShape(
        net()
            .op("n", "Slice", List.of("shape", "first", "second", "first"))
            .constant("parts", integers(3, 4))
            .op("sizes", "Concat", List.of("parts", "n"), "axis", 0L)
            .op("y", "Reshape", List.of("x", "sizes")),
        "3×4×N",
        3,
        4,
        3);
  }

  @Test
  void two_unknown_sizes_are_read_when_the_network_runs() {
    assertShape(
        net()
            .op("n", "Slice", List.of("shape", "first", "second"))
            .op("doubled", "Concat", List.of("x", "x"), "axis", 0L)
            .op("more", "Shape", List.of("doubled"), "end", 1L)
            .op("sizes", "Concat", List.of("n", "more", "rest"), "axis", 0L)
            .constant("four", integers(1, 1, 3))
            .op("wide", "Tile", List.of("doubled", "four"))
            .op("y", "Reshape", List.of("wide", "sizes")),
        "N×?×?",
        3,
        6,
        12);
  }

  @Test
  void reversed_shapes_and_ranges_of_sizes_keep_names() {
    assertShape(
        net()
            .constant("end", integers(Long.MIN_VALUE))
            .op("turned", "Slice", List.of("shape", "rest", "end", "first", "rest"))
            .op("y", "Reshape", List.of("x", "turned")),
        "6×2×N",
        6,
        2,
        3);
    assertShape(
        net()
            .op("n", "Gather", List.of("shape", "zero"))
            .op("places", "Range", List.of("zero", "n", "one"))
            .op("y", "Gather", List.of("x", "places")),
        "N×2×6",
        3,
        2,
        6);
  }

  @Test
  void sizes_that_are_chosen_by_a_known_condition_are_known() {
    assertShape(
        net()
            .constant("choice", Tensor.ofIntegers(DataType.INT32, new long[] {0, 1, 1}, 3))
            .op("condition", "Cast", List.of("choice"), "to", (long) DataType.BOOL.onnx())
            .constant("wanted", integers(7, 1, 12))
            .op("sizes", "Where", List.of("condition", "wanted", "shape"))
            .op("y", "Reshape", List.of("x", "sizes")),
        "N×1×12",
        3,
        1,
        12);
  }

  @Test
  void filled_tensors_of_the_batch_have_its_name() {
    assertShape(
        net()
            .op("zeros", "ConstantOfShape", List.of("shape"))
            .op("y", "Flatten", List.of("zeros"), "axis", 1L),
        "N×12",
        3,
        12);
    assertShape(
        net()
            .op("flat", "Flatten", List.of("x"), "axis", 3L)
            .op("size", "Size", List.of("flat"))
            .op("sizes", "Unsqueeze", List.of("size", "first"))
            .op("y", "Expand", List.of("one_float", "sizes"))
            .constant("one_float", Tensor.of(new float[] {1}, 1)),
        "?",
        36);
  }

  @Test
  void repeats_of_one_are_the_size_that_is_repeated() {
    assertShape(
        net()
            .op("n", "Slice", List.of("shape", "first", "second"))
            .op("repeats", "Concat", List.of("n", "second", "second"), "axis", 0L)
            .constant("token", Net.data(2, 1, 1, 6))
            .op("y", "Tile", List.of("token", "repeats")),
        "N×1×6",
        3,
        1,
        6);
  }

  /** PyTorch names the last axis first: pairs of pads are turned round, begins go before ends. */
  @Test
  void pads_that_are_put_in_order_are_followed() {
    assertShape(
        net()
            .constant("beginning", integers(Long.MIN_VALUE + 1))
            .constant("end", integers(Long.MAX_VALUE))
            .constant("pairs", integers(-1, 2))
            .op("six", "Slice", List.of("shape", "rest", "end"))
            .op(
                "torch",
                "Concat",
                List.of("first", "six", "first", "second", "first", "first"),
                "axis",
                0L)
            .op("rows", "Reshape", List.of("torch", "pairs"))
            .op("turned", "Slice", List.of("rows", "rest", "beginning", "first", "rest"))
            .op("columns", "Transpose", List.of("turned"), "perm", List.of(1L, 0L))
            .op("pads", "Reshape", List.of("columns", "rest"))
            .op("y", "Pad", List.of("x", "pads")),
        "N×3×12",
        3,
        3,
        12);
  }

  @Test
  void sizes_from_a_column_of_a_matrix_are_followed() {
    assertShape(
        net()
            .constant("pairs", integers(2, 2))
            .op("n", "Slice", List.of("shape", "first", "second"))
            .op("flat", "Concat", List.of("first", "n", "second", "rest"), "axis", 0L)
            .op("rows", "Reshape", List.of("flat", "pairs"))
            .constant("two", integers(2))
            .op("column", "Slice", List.of("rows", "second", "two", "second"))
            .op("sizes", "Reshape", List.of("column", "rest"))
            .op("y", "Reshape", List.of("x", "sizes")),
        "N×12",
        3,
        12);
  }
}
