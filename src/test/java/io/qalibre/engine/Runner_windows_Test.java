package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.ModelInfo;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What ONNX's node tests leave out of windows, Pad, Resize and recurrent networks. */
class Runner_windows_Test {
  private static final List<Long> TWO = List.of(2L, 2L);
  private static final List<Long> THREE = List.of(3L, 3L);

  /** A node with its inputs' values; the first is the graph's input. */
  private record Case(
      String type, long opset, List<Tensor> inputs, Map<String, Object> attributes) {
    static Case of(String type, List<Tensor> inputs, Object... attributes) {
      Map<String, Object> values = new LinkedHashMap<>();
      for (int i = 0; i < attributes.length; i += 2) {
        values.put((String) attributes[i], attributes[i + 1]);
      }
      return new Case(type, 19, inputs, values);
    }

    Case in(long version) {
      return new Case(type, version, inputs, attributes);
    }

    /**
     * Runs it where the inputs' sizes are known beforehand, and the values of all but the first.
     */
    Tensor known() {
      GraphBuilder builder = builder().input(input(0, inputs.get(0).shape()));
      for (int i = 1; i < inputs.size(); i++) {
        builder.initializer("i" + i, inputs.get(i));
      }
      return run(builder.build(), Map.of("i0", inputs.get(0)));
    }

    /** Runs it where no size of the first input is known beforehand, and no value of any. */
    Tensor unknown() {
      GraphBuilder builder = builder();
      Map<String, Tensor> values = new LinkedHashMap<>();
      for (int i = 0; i < inputs.size(); i++) {
        TensorShape shape = inputs.get(i).shape();
        boolean open = i == 0;
        builder.input(input(i, open ? unknown(shape.rank()) : shape));
        values.put("i" + i, inputs.get(i));
      }
      return run(builder.build(), values);
    }

    private ValueInfo input(int index, TensorShape shape) {
      return new ValueInfo("i" + index, inputs.get(index).type(), shape);
    }

    private static TensorShape unknown(int rank) {
      return new TensorShape(Collections.nCopies(rank, io.qalibre.graph.Dim.unknown()));
    }

    private GraphBuilder builder() {
      List<String> names = new ArrayList<>();
      for (int i = 0; i < inputs.size(); i++) {
        names.add(inputs.get(i).size() == 0 ? "" : "i" + i);
      }
      return new GraphBuilder("one")
          .info(new ModelInfo(opset, 8, "test", "", Map.of()))
          .node(new OperatorNode("y", type, names, List.of("y"), new Attributes(attributes)))
          .output(new ValueInfo("y", DataType.FLOAT, unknown(4)));
    }

    private static Tensor run(Graph graph, Map<String, Tensor> inputs) {
      return Runner.run(Simulation.of(graph), inputs).get("y");
    }
  }

  private static Tensor picture() {
    return io.qalibre.testing.Net.data(3, 2, 4, 7, 9);
  }

  private static Tensor normal(long... shape) {
    return io.qalibre.testing.Net.data(4, shape);
  }

  private static Tensor none() {
    return Tensor.of(new float[0], 0);
  }

  private static Case resize(Tensor scales, Tensor sizes, Object... attributes) {
    return Case.of("Resize", List.of(picture(), none(), scales, sizes), attributes);
  }

  static Stream<Case> cases() {
    Tensor doubled = Tensor.of(new float[] {1, 1, 2, 2}, 4);
    Tensor other = Tensor.of(new float[] {1, 1, 0.6f, 1.7f}, 4);
    Tensor sizes = Tensor.of(new long[] {2, 4, 5, 12}, 4);
    Tensor pads = Tensor.of(new long[] {0, 0, 1, -2, 0, 1, 3, 2}, 8);
    Tensor weight = normal(4, 3, 3, 3);
    return Stream.of(
        Case.of("Conv", List.of(picture(), normal(5, 4, 3, 3)), "auto_pad", "SAME_UPPER"),
        Case.of(
            "Conv",
            List.of(picture(), normal(5, 4, 2, 4)),
            "auto_pad",
            "SAME_LOWER",
            "strides",
            TWO),
        Case.of("MaxPool", List.of(picture()), "auto_pad", "SAME_LOWER", "kernel_shape", TWO),
        Case.of(
            "AveragePool",
            List.of(picture()),
            "auto_pad",
            "SAME_UPPER",
            "kernel_shape",
            THREE,
            "strides",
            TWO),
        Case.of(
            "AveragePool",
            List.of(picture()),
            "pads",
            List.of(0L, 1L, 2L, 0L),
            "kernel_shape",
            THREE,
            "strides",
            TWO,
            "ceil_mode",
            1L),
        Case.of("ConvTranspose", List.of(picture(), weight), "output_shape", List.of(10L, 12L)),
        Case.of("ConvTranspose", List.of(picture(), weight), "pads", List.of(0L, 1L, 1L, 0L)),
        Case.of("Pad", List.of(picture(), pads), "mode", "edge"),
        Case.of("Pad", List.of(picture(), pads, Tensor.scalar(2)), "mode", "constant"),
        resize(
            doubled,
            none(),
            "coordinate_transformation_mode",
            "asymmetric",
            "nearest_mode",
            "floor"),
        resize(doubled, none()),
        resize(doubled, none(), "mode", "linear"),
        resize(other, none(), "mode", "linear", "coordinate_transformation_mode", "align_corners"),
        resize(none(), sizes, "mode", "linear"),
        resize(none(), sizes, "mode", "linear", "coordinate_transformation_mode", "align_corners"),
        resize(none(), sizes, "mode", "cubic"),
        resize(none(), sizes, "mode", "linear", "antialias", 1L),
        resize(none(), sizes, "keep_aspect_ratio_policy", "not_smaller"),
        Case.of("Upsample", List.of(picture(), doubled), "mode", "linear").in(9),
        Case.of("LayerNormalization", List.of(picture(), normal(9), normal(9))),
        Case.of("GroupNormalization", List.of(picture(), normal(2), normal(2)), "num_groups", 2L));
  }

  /** ATen's own operators, and sizes worked out beforehand, against the general way. */
  @ParameterizedTest
  @MethodSource("cases")
  void sizes_that_are_known_late_give_the_same(Case node) {
    Tensor known = node.known();
    Tensor unknown = node.unknown();

    assertThat(unknown.sizes()).containsExactly(known.sizes());
    assertThat(unknown.floats())
        .usingComparatorWithPrecision(1e-5f)
        .containsExactly(known.floats());
  }

  @Test
  void an_axis_that_is_cut_off_repeats_what_is_left() {
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 1, 1, 1, 4);
    Tensor pads = Tensor.of(new long[] {0, 0, 0, 2, 0, 0, 0, -1}, 8);

    assertThat(Case.of("Pad", List.of(x, pads), "mode", "wrap").known().floats())
        .containsExactly(2, 3, 1, 2, 3);
    assertThat(Case.of("Pad", List.of(x, pads), "mode", "reflect").known().floats())
        .containsExactly(3, 2, 1, 2, 3);
  }

  /** As the nearest element was defined up to opset 10: ONNX Runtime 1.23 gives the same. */
  @Test
  void early_opsets_round_up_where_they_make_smaller() {
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 1, 1, 1, 10);
    Tensor smaller = Tensor.of(new float[] {1, 1, 1, 0.7f}, 4);

    assertThat(Case.of("Resize", List.of(x, smaller)).in(10).known().floats())
        .containsExactly(1, 3, 4, 6, 7, 9, 10);
  }

  @Test
  void a_clip_limits_what_the_gates_take_but_not_the_cell() {
    Tensor x = Tensor.of(new float[] {100}, 1, 1, 1);
    Tensor w = Tensor.of(new float[] {1, 1, 1, 1}, 1, 4, 1);
    Tensor r = Tensor.of(new float[4], 1, 4, 1);
    double gate = 1 / (1 + Math.exp(-2));
    double cell = gate * Math.tanh(2);

    assertThat(Case.of("LSTM", List.of(x, w, r), "clip", 2f).known().floats()[0])
        .isCloseTo((float) (gate * Math.tanh(cell)), org.assertj.core.api.Assertions.within(1e-6f));
  }
}
