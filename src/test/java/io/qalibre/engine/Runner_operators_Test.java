package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.ModelInfo;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorFacts;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What ONNX's node tests leave open: older operator sets, inputs that are computed, the ends of
 * types.
 */
class Runner_operators_Test {
  private static final float INFINITY = Float.POSITIVE_INFINITY;
  private static final List<String> X = List.of("x");

  private static Tensor vector(float... values) {
    return Tensor.of(values, 1, values.length);
  }

  private static Tensor vector(DataType type, long... values) {
    return Tensor.ofIntegers(type, values, values.length);
  }

  /** The outputs of a graph in an operator set, with the types that it infers. */
  private static Map<String, Tensor> run(
      long opset, Net net, Map<String, Tensor> inputs, String... outputs) {
    Graph open =
        net.unchecked().toBuilder().info(new ModelInfo(opset, 8, "test", "", Map.of())).build();
    TensorFacts facts = ShapeInference.facts(open);
    var typed = open.toBuilder();
    for (String output : outputs) {
      typed.output(new ValueInfo(output, facts.types().get(output), facts.shapes().get(output)));
    }
    return Runner.run(Simulation.of(typed.build()), inputs);
  }

  private static Tensor run(long opset, Net net, Tensor x) {
    return run(opset, net, Map.of("x", x), "y").get("y");
  }

  /** A node that reads integers, which are constants or what a graph is given. */
  private static Tensor integers(String type, List<Tensor> values, Object... attributes) {
    Net net = Net.input(1);
    String[] names = new String[values.size()];
    for (int i = 0; i < names.length; i++) {
      names[i] = "c" + i;
      net.constant(names[i], values.get(i));
    }
    return run(20, net.op("y", type, List.of(names), attributes), vector(0));
  }

  @ParameterizedTest
  @CsvSource({"Softmax, 0.25, 0.5", "Hardmax, 0, 1", "LogSoftmax, -1.3862944, -0.6931472"})
  void softmax_takes_all_axes_from_one_on_before_opset_13(String type, float old, float now) {
    Net net = Net.input(2, 2).op("y", type, X);
    Tensor ones = Tensor.of(new float[] {1, 1, 1, 1}, 1, 2, 2);

    Tensor before = run(12, net, ones);
    Tensor since = run(13, net, ones);

    assertThat(before.sizes()).containsExactly(1, 2, 2);
    assertThat(before.floats()[2]).isEqualTo(old);
    assertThat(since.floats()[2]).isEqualTo(now);
  }

  @Test
  void clip_takes_bounds_that_are_computed() {
    Net net =
        Net.input(3)
            .input(new ValueInfo("low", DataType.FLOAT, TensorShape.of(new long[0])))
            .constant("high", Tensor.scalar(1))
            .op("y", "Clip", List.of("x", "low", "high"))
            .op("z", "Clip", List.of("x", "", "low"))
            .op("crossed", "Clip", List.of("x", "high", "low"));

    Map<String, Tensor> found =
        run(13, net, Map.of("x", vector(-2, 0, 2), "low", Tensor.scalar(-1)), "y", "z", "crossed");

    assertThat(found.get("y").floats()).containsExactly(-1, 0, 1);
    assertThat(found.get("z").floats()).containsExactly(-2, -1, -1);
    assertThat(found.get("crossed").floats()).containsExactly(-1, -1, -1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ReduceSum", "ReduceMax", "ReduceProd", "ReduceL1", "ReduceLogSumExp"})
  void reductions_take_axes_that_are_computed(String type) {
    Net net =
        Net.input(2, 2)
            .input(new ValueInfo("axes", DataType.INT64, TensorShape.of(Dim.unknown())))
            .constant("last", vector(DataType.INT64, 2))
            .op("y", type, List.of("x", "axes"))
            .op("known", type, List.of("x", "last"))
            .op("all", type, X);
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 1, 2, 2);

    Map<String, Tensor> found =
        run(18, net, Map.of("x", x, "axes", vector(DataType.INT64, -1)), "y", "known", "all");

    assertThat(found.get("y")).isEqualTo(found.get("known"));
    assertThat(found.get("y").sizes()).containsExactly(1, 2, 1);
    Map<String, Tensor> empty =
        run(
            18,
            Net.input(2, 2)
                .input(new ValueInfo("axes", DataType.INT64, TensorShape.of(Dim.unknown())))
                .op("y", type, List.of("x", "axes")),
            Map.of("x", x, "axes", vector(DataType.INT64)),
            "y");
    assertThat(empty.get("y")).isEqualTo(found.get("all"));
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT", "FLOAT16", "INT4", "UINT4", "UINT64"},
      mode = EnumSource.Mode.EXCLUDE)
  void the_extremes_of_no_integers_are_the_ends_of_their_type(DataType type) {
    boolean signed = type.name().startsWith("INT");
    int bits = type == DataType.BOOL ? 1 : 8 * type.bytes();
    long largest = signed ? -1L >>> (65 - bits) : -1L >>> (64 - bits);
    Tensor none = Tensor.ofIntegers(type, new long[0], 0, 2);

    assertThat(integers("ReduceMin", List.of(none, vector(DataType.INT64, 0))).longs())
        .containsExactly(largest, largest);
    assertThat(integers("ReduceMax", List.of(none, vector(DataType.INT64, 0))).longs())
        .containsExactly(signed ? -largest - 1 : 0, signed ? -largest - 1 : 0);
  }

  @Test
  void the_extremes_of_no_floats_are_infinite() {
    Net net = Net.input(2).op("y", "ReduceMax", X, "axes", List.of(0L));

    assertThat(run(13, net, Tensor.of(new float[0], 0, 2)).floats())
        .containsExactly(-INFINITY, -INFINITY);
  }

  @ParameterizedTest
  @CsvSource({
    "INT16, 32767, -32768",
    "UINT16, 65535, 0",
    "UINT32, 4294967295, 0",
    "INT8, 127, -128"
  })
  void integers_wrap_at_the_ends_of_their_type(DataType type, long end, long start) {
    Tensor last = vector(type, end);
    Tensor one = vector(type, 1);

    assertThat(integers("Add", List.of(last, one))).isEqualTo(vector(type, start));
    assertThat(integers("Sub", List.of(vector(type, start), one))).isEqualTo(last);
    assertThat(integers("Mul", List.of(last, last))).isEqualTo(one);
    assertThat(integers("Cast", List.of(vector(DataType.INT64, end + 1)), "to", (long) type.onnx()))
        .isEqualTo(vector(type, start));
    assertThat(integers("BitwiseNot", List.of(last))).isEqualTo(vector(type, start));
    assertThat(integers("ReduceSum", List.of(vector(type, end, 1, 1))))
        .isEqualTo(vector(type, start + 1));
  }

  @Test
  void quotients_of_integers_are_cut_and_remainders_go_with_either_side() {
    List<Tensor> numbers =
        List.of(vector(DataType.INT32, -7, 7, -7), vector(DataType.INT32, 2, -2, -2));

    assertThat(integers("Div", numbers).longs()).containsExactly(-3, -3, 3);
    assertThat(integers("Mod", numbers).longs()).containsExactly(1, -1, -1);
    assertThat(integers("Mod", numbers, "fmod", 1L).longs()).containsExactly(-1, 1, -1);
  }

  @Test
  void means_and_norms_of_integers_are_cut() {
    List<Tensor> numbers = List.of(vector(DataType.INT32, 1, 2, 5));

    assertThat(integers("ReduceMean", numbers).longs()).containsExactly(2);
    assertThat(integers("ReduceL2", numbers).longs()).containsExactly(5);
  }

  @Test
  void dropout_leaves_everything_as_it_is() {
    Net net = Net.input(2).op("y", "Dropout", X, "ratio", 0.9f);
    Tensor x = vector(1, 2);

    assertThat(run(7, net, x)).isEqualTo(x);
  }

  @Test
  void dropout_refuses_to_drop_at_random() {
    Net constant =
        Net.input(2)
            .constant("ratio", Tensor.scalar(0.3f))
            .constant("training", Tensor.ofIntegers(DataType.BOOL, new long[] {1}))
            .op("y", "Dropout", List.of("x", "ratio", "training"));
    Net given =
        Net.input(2)
            .input(new ValueInfo("training", DataType.BOOL, TensorShape.of(new long[0])))
            .op("y", "Dropout", List.of("x", "", "training"));
    Tensor x = vector(1, 2);

    assertThatThrownBy(() -> run(13, constant, x))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "Dropout `y`: with training_mode and a ratio of 0.3 it drops elements at random;"
                + " export the network in evaluation mode");
    Map<String, Tensor> evaluating =
        Map.of("x", x, "training", Tensor.ofIntegers(DataType.BOOL, new long[] {0}));
    assertThat(run(13, given, evaluating, "y").get("y")).isEqualTo(x);
    Map<String, Tensor> training =
        Map.of("x", x, "training", Tensor.ofIntegers(DataType.BOOL, new long[] {1}));
    assertThatThrownBy(() -> run(13, given, training, "y"))
        .hasMessageContaining("Dropout: it drops elements at random");
  }

  @Test
  void a_shift_needs_a_direction() {
    List<Tensor> numbers = List.of(vector(DataType.UINT8, 1), vector(DataType.UINT8, 1));

    assertThatThrownBy(() -> integers("BitShift", numbers))
        .isInstanceOf(QalibreException.class)
        .hasMessage("BitShift `y`: expected the direction LEFT or RIGHT, found ``");
  }
}
