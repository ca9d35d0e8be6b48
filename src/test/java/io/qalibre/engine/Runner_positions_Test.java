package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.ModelInfo;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Operators that move values, where ONNX's own node tests do not go: old operator sets, constants
 * beside data, ties, and positions that are out of bounds.
 */
class Runner_positions_Test {
  private static Tensor integers(long... values) {
    return Tensor.of(values, values.length);
  }

  private static Tensor counted(long... shape) {
    float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    return Tensor.of(values, shape);
  }

  /** A node whose first input is data of a batch; the others are data too, or constants. */
  private record Case(
      String type, long opset, Map<String, Object> attributes, List<DataType> types) {
    Case(String type, long opset, Map<String, Object> attributes, DataType... types) {
      this(type, opset, attributes, List.of(types));
    }

    Graph graph(boolean constants, List<Tensor> inputs) {
      GraphBuilder builder =
          new GraphBuilder("net").info(new ModelInfo(opset, 8, "test", "", Map.of()));
      for (int i = 0; i < inputs.size(); i++) {
        Tensor input = inputs.get(i);
        if (i > 0 && constants) {
          builder.initializer("i" + i, input);
        } else {
          TensorShape shape = input.shape();
          builder.input(
              new ValueInfo(
                  "i" + i, input.type(), i == 0 ? shape.with(0, Dim.symbolic("N")) : shape));
        }
      }
      List<String> outputs = IntStream.range(0, types.size()).mapToObj(i -> "o" + i).toList();
      for (int i = 0; i < types.size(); i++) {
        builder.output(new ValueInfo(outputs.get(i), types.get(i), TensorShape.of(-1)));
      }
      List<String> names = IntStream.range(0, inputs.size()).mapToObj(i -> "i" + i).toList();
      return builder
          .node(new OperatorNode("node", type, names, outputs, new Attributes(attributes)))
          .build();
    }

    Map<String, Tensor> run(boolean constants, List<Tensor> inputs) {
      Graph graph = graph(constants, inputs);
      Map<String, Tensor> given = new LinkedHashMap<>();
      graph.inputs().forEach(i -> given.put(i.name(), inputs.get(index(i.name()))));
      return Runner.run(Simulation.of(graph), given);
    }

    private static int index(String name) {
      return Integer.parseInt(name.substring(1));
    }
  }

  /** The first output, which is the same whether what is beside the data is constant or not. */
  private static Tensor first(Case node, Tensor... inputs) {
    Tensor found = node.run(true, List.of(inputs)).get("o0");
    assertThat(node.run(false, List.of(inputs)).get("o0")).isEqualTo(found);
    return found;
  }

  private static Case node(String type, long opset, Map<String, Object> attributes) {
    return new Case(type, opset, attributes, DataType.FLOAT);
  }

  @Test
  void slices_of_the_first_operator_sets_have_attributes() {
    Case slice =
        node(
            "Slice",
            7,
            Map.of(
                "starts", List.of(1L, -2L),
                "ends", List.of((long) Integer.MAX_VALUE, -1L),
                "axes", List.of(0L, 1L)));

    assertThat(first(slice, counted(3, 4))).isEqualTo(Tensor.of(new float[] {6, 10}, 2, 1));
  }

  @Test
  void a_slice_walks_backwards_to_the_beginning() {
    Tensor found =
        first(
            node("Slice", 13, Map.of()),
            counted(2, 5),
            integers(Long.MAX_VALUE),
            integers(-Long.MAX_VALUE),
            integers(-1),
            integers(-2));

    assertThat(found).isEqualTo(Tensor.of(new float[] {4, 2, 0, 9, 7, 5}, 2, 3));
  }

  @Test
  void a_slice_that_starts_before_the_beginning_keeps_the_first_element() {
    // ONNX clamps a start to 0 where NumPy takes nothing.
    Tensor found =
        first(
            node("Slice", 13, Map.of()),
            counted(1, 5),
            integers(-9),
            integers(-20),
            integers(1),
            integers(-1));

    assertThat(found).isEqualTo(Tensor.of(new float[] {0}, 1, 1));
  }

  @Test
  void a_slice_with_the_largest_step_takes_one() {
    Tensor found =
        first(
            node("Slice", 13, Map.of()),
            counted(1, 5),
            integers(1),
            integers(Long.MAX_VALUE),
            integers(1),
            integers(Long.MAX_VALUE));

    assertThat(found).isEqualTo(Tensor.of(new float[] {1}, 1, 1));
  }

  @Test
  void of_equal_values_the_top_ones_have_the_lower_index() {
    float[] ties = new float[100];
    for (int i = 0; i < ties.length; i++) {
      ties[i] = i % 4;
    }
    Tensor data = Tensor.of(ties, 1, 100);
    long[] largest =
        IntStream.range(0, 30).mapToLong(i -> i < 25 ? 4L * i + 3 : 4L * (i - 25) + 2).toArray();
    long[] smallest =
        IntStream.range(0, 30).mapToLong(i -> i < 25 ? 4L * i : 4L * (i - 25) + 1).toArray();

    assertThat(top(new Case("TopK", 11, Map.of(), DataType.FLOAT, DataType.INT64), data))
        .isEqualTo(Tensor.of(largest, 1, 30));
    assertThat(
            top(new Case("TopK", 11, Map.of("largest", 0L), DataType.FLOAT, DataType.INT64), data))
        .isEqualTo(Tensor.of(smallest, 1, 30));
  }

  private static Tensor top(Case node, Tensor data) {
    Map<String, Tensor> known = node.run(true, List.of(data, integers(30)));
    assertThat(node.run(false, List.of(data, integers(30)))).isEqualTo(known);
    return known.get("o1");
  }

  @Test
  void the_first_top_k_has_an_attribute() {
    Case node = new Case("TopK", 9, Map.of("k", 2L), DataType.FLOAT, DataType.INT64);

    Map<String, Tensor> found = node.run(true, List.of(counted(2, 3)));

    assertThat(found.get("o0")).isEqualTo(Tensor.of(new float[] {2, 1, 5, 4}, 2, 2));
    assertThat(found.get("o1")).isEqualTo(Tensor.of(new long[] {2, 1, 2, 1}, 2, 2));
  }

  @Test
  void axes_and_parts_of_the_first_operator_sets_are_attributes() {
    Tensor picture = counted(2, 1, 3);
    List<Long> axes = List.of(1L);

    assertThat(first(node("Squeeze", 11, Map.of("axes", axes)), picture)).isEqualTo(counted(2, 3));
    assertThat(first(node("Unsqueeze", 11, Map.of("axes", axes)), counted(2, 3)))
        .isEqualTo(picture);
    assertThat(
            new Case(
                    "Split",
                    11,
                    Map.of("split", List.of(1L, 2L), "axis", -1L),
                    DataType.FLOAT,
                    DataType.FLOAT)
                .run(true, List.of(picture))
                .get("o1"))
        .isEqualTo(Tensor.of(new float[] {1, 2, 4, 5}, 2, 1, 2));
  }

  @Test
  void a_batch_is_split_in_parts_of_which_the_last_is_smaller() {
    Case node = new Case("Split", 18, Map.of("num_outputs", 2L), DataType.FLOAT, DataType.FLOAT);

    Map<String, Tensor> found = node.run(true, List.of(counted(3, 2)));

    assertThat(found.get("o0")).isEqualTo(counted(2, 2));
    assertThat(found.get("o1")).isEqualTo(Tensor.of(new float[] {4, 5}, 1, 2));
  }

  @Test
  void squeezed_axes_may_be_data() {
    assertThat(first(node("Squeeze", 13, Map.of()), counted(2, 1, 3, 1), integers(-1, 1)))
        .isEqualTo(counted(2, 3));
    assertThat(first(node("Unsqueeze", 13, Map.of()), counted(2, 3), integers(-1, 1)))
        .isEqualTo(counted(2, 1, 3, 1));
  }

  @Test
  void positions_out_of_bounds_are_refused_when_the_network_runs() {
    Tensor data = counted(2, 3);
    Tensor update = Tensor.of(new float[] {1}, 1);
    Case gather = node("Gather", 13, Map.of("axis", 1L));
    Case gatherRows = node("GatherND", 13, Map.of());
    Case scatterRows = node("ScatterND", 16, Map.of());
    Tensor row = Tensor.of(new long[] {0, 3}, 1, 2);

    assertThatThrownBy(() -> gather.run(true, List.of(data, integers(3))))
        .hasMessageContaining("out of DATA bounds");
    // In the flat data it would be the first element of the next row.
    assertThatThrownBy(() -> gatherRows.run(true, List.of(data, row)))
        .hasMessageContaining("out of bounds");
    assertThatThrownBy(() -> scatterRows.run(true, List.of(data, row, update)))
        .hasMessageContaining("out of bounds");
  }

  @Test
  void slices_are_written_with_every_reduction() {
    Tensor data = counted(3, 2);
    Tensor rows = Tensor.of(new long[] {-1, 0, -1}, 3, 1);
    Tensor updates = Tensor.of(new float[] {2, 3, -1, 7, 3, 4}, 3, 2);

    assertThat(scattered("add", data, rows, updates)).containsExactly(-1, 8, 2, 3, 9, 12);
    assertThat(scattered("mul", data, rows, updates)).containsExactly(-0f, 7, 2, 3, 24, 60);
    assertThat(scattered("min", data, rows, updates)).containsExactly(-1, 1, 2, 3, 2, 3);
    assertThat(scattered("max", data, rows, updates)).containsExactly(0, 7, 2, 3, 4, 5);
  }

  private static float[] scattered(String reduction, Tensor data, Tensor rows, Tensor updates) {
    return first(node("ScatterND", 18, Map.of("reduction", reduction)), data, rows, updates)
        .floats();
  }

  @Test
  void sizes_that_are_data_may_hold_zeros_and_one_unknown() {
    Case reshape = node("Reshape", 14, Map.of());

    assertThat(first(reshape, counted(2, 3, 4), integers(0, -1))).isEqualTo(counted(2, 12));
    assertThat(first(reshape, counted(2, 3, 4), integers(4, 0, -1))).isEqualTo(counted(4, 3, 2));
    assertThat(first(node("Reshape", 14, Map.of("allowzero", 1L)), counted(0, 3), integers(3, 0)))
        .isEqualTo(counted(3, 0));
  }
}
