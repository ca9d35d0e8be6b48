package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.data.Samples;
import io.qalibre.engine.Runner;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.ptq.SmoothedGraph.Norm;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ActivationSmoothing_smooth_Test {
  private static final int CHANNELS = 8;

  /** N×5×8: five tokens of eight channels. */
  private static Net tokens() {
    return Net.input(5, CHANNELS);
  }

  /** N×4×4×8: a picture, channels last. */
  private static Net picture() {
    return Net.input(4, 4, CHANNELS);
  }

  private static Net parameters(Net net, String name, long... shape) {
    return net.random(name + ".weight", shape).random(name + ".bias", shape);
  }

  private static Net norm(Net net, String name, String input) {
    return parameters(net, name, CHANNELS)
        .op(name, "LayerNormalization", List.of(input, name + ".weight", name + ".bias"));
  }

  private static Net matMul(Net net, String name, String input, long outputs) {
    return net.random(name + ".weight", CHANNELS, outputs)
        .op(name, "MatMul", List.of(input, name + ".weight"));
  }

  /** A layer normalization as exporters write it for old operator sets; {@code n} is its end. */
  private static Net written(Net net, long axis, long... shape) {
    return parameters(net, "n", shape)
        .constant("two", Tensor.scalar(2))
        .constant("eps", Tensor.scalar(1e-5f))
        .op("mean", "ReduceMean", List.of("x"), "axes", List.of(axis))
        .op("c", "Sub", List.of("x", "mean"))
        .op("square", "Pow", List.of("c", "two"))
        .op("variance", "ReduceMean", List.of("square"), "axes", List.of(axis))
        .op("shifted", "Add", List.of("variance", "eps"))
        .op("root", "Sqrt", List.of("shifted"))
        .op("div", "Div", List.of("c", "root"));
  }

  private static Net affine(Net net) {
    return net.op("scaled", "Mul", List.of("div", "n.weight"))
        .op("n", "Add", List.of("scaled", "n.bias"));
  }

  private static Samples samples(Graph graph) {
    long[] sizes = graph.inputs().get(0).shape().fix(3).sizes();
    return Samples.of(List.of(Map.of("x", Net.data(1, sizes)), Map.of("x", Net.data(2, sizes))));
  }

  private static SmoothedGraph smooth(Graph graph) {
    return ActivationSmoothing.smooth(graph, samples(graph), SmoothQuant.DEFAULT);
  }

  private static Tensor run(Graph graph, String output) {
    long[] sizes = graph.inputs().get(0).shape().fix(2).sizes();
    return Runner.run(Simulation.of(graph), Map.of("x", Net.data(3, sizes))).get(output);
  }

  private static List<String> names(Graph graph) {
    List<String> names = new ArrayList<>(graph.initializers().keySet());
    for (Node node : graph.nodes()) {
      names.add(node.name());
      names.addAll(node.inputs());
      names.addAll(node.outputs());
    }
    return names;
  }

  private static void assertSameFunction(Graph before, Graph after) {
    for (var output : before.outputs()) {
      assertThat(Golden.sqnr(run(before, output.name()), run(after, output.name())))
          .isGreaterThan(100);
    }
  }

  private static float[] times(float[] values, float factor, int channel) {
    values[channel] *= factor;
    return values;
  }

  /** The graph with a channel of a normalization's output 30 times as large. */
  private static Graph hot(Graph graph, String norm, int channel) {
    Tensor scale = graph.initializer(norm + ".weight");
    return graph.withInitializers(
        Map.of(norm + ".weight", Tensor.of(times(scale.floats(), 30, channel), scale.sizes())));
  }

  private static double largest(float[] values, int first, int step, int count) {
    return IntStream.range(0, count)
        .mapToDouble(i -> Math.abs(values[first + i * step]))
        .max()
        .orElseThrow();
  }

  private static Graph queryAndKey() {
    return matMul(matMul(norm(tokens(), "n", "x"), "q", "n", 4), "k", "n", 6).build("q", "k");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.5, 0.8, 1})
  void channels_are_divided_by_the_papers_factors_and_weights_multiplied(double alpha) {
    Graph graph = hot(queryAndKey(), "n", 3);
    double[] seen = new double[CHANNELS];
    Graph open = matMul(norm(tokens(), "n", "x"), "q", "n", 4).build("n");
    Graph same =
        open.withInitializers(
            Map.of(
                "n.weight", graph.initializer("n.weight"), "n.bias", graph.initializer("n.bias")));
    for (long seed = 1; seed <= 2; seed++) {
      float[] values =
          Runner.run(Simulation.of(same), Map.of("x", Net.data(seed, 3, 5, CHANNELS)))
              .get("n")
              .floats();
      for (int i = 0; i < values.length; i++) {
        seen[i % CHANNELS] = Math.max(seen[i % CHANNELS], Math.abs(values[i]));
      }
    }

    SmoothedGraph result =
        ActivationSmoothing.smooth(graph, samples(graph), SmoothQuant.DEFAULT.withAlpha(alpha));

    Norm norm = result.norms().get(0);
    assertThat(norm.layers()).containsExactly("q", "k");
    float[] q = graph.initializer("q.weight").floats();
    float[] k = graph.initializer("k.weight").floats();
    for (int c = 0; c < CHANNELS; c++) {
      double weight = Math.max(largest(q, 4 * c, 1, 4), largest(k, 6 * c, 1, 6));
      double factor = Math.pow(seen[c], alpha) / Math.pow(weight, 1 - alpha);
      assertThat(norm.factors().get(c)).isCloseTo(factor, within(1e-5 * factor));
      assertThat(norm.before().get(c).absMax()).isCloseTo(seen[c], within(1e-5 * seen[c]));
      assertThat(norm.after().get(c).absMax())
          .isCloseTo(seen[c] / factor, within(1e-5 * seen[c] / factor));
      assertScaled(graph, result.graph(), "n.weight", c, 1, 1 / factor);
      assertScaled(graph, result.graph(), "n.bias", c, 1, 1 / factor);
      assertScaled(graph, result.graph(), "q.weight", c, 4, factor);
      assertScaled(graph, result.graph(), "k.weight", c, 6, factor);
    }
    assertSameFunction(graph, result.graph());
  }

  private static void assertScaled(
      Graph before, Graph after, String tensor, int row, int width, double factor) {
    float[] from = before.initializer(tensor).floats();
    float[] to = after.initializer(tensor).floats();
    for (int i = row * width; i < (row + 1) * width; i++) {
      assertThat((double) to[i])
          .isCloseTo(from[i] * factor, within(1e-5 * Math.abs(from[i] * factor)));
    }
  }

  static Stream<Arguments> ways() {
    return Stream.of(
        Arguments.of("a layer normalization", matMul(norm(tokens(), "n", "x"), "y", "n", 4)),
        Arguments.of(
            "without a bias",
            matMul(
                tokens()
                    .random("n.weight", CHANNELS)
                    .op("n", "LayerNormalization", List.of("x", "n.weight")),
                "y",
                "n",
                4)),
        Arguments.of(
            "an RMS normalization",
            matMul(
                tokens()
                    .random("n.weight", CHANNELS)
                    .op("n", "RMSNormalization", List.of("x", "n.weight")),
                "y",
                "n",
                4)),
        Arguments.of("written out", matMul(affine(written(tokens(), -1, CHANNELS)), "y", "n", 4)),
        Arguments.of(
            "written out, RMS",
            matMul(
                tokens()
                    .random("n.weight", CHANNELS)
                    .constant("eps", Tensor.scalar(1e-5f))
                    .op("square", "Mul", List.of("x", "x"))
                    .op("mean", "ReduceMean", List.of("square"), "axes", List.of(-1L))
                    .op("shifted", "Add", List.of("mean", "eps"))
                    .op("root", "Sqrt", List.of("shifted"))
                    .op("div", "Div", List.of("x", "root"))
                    .op("n", "Mul", List.of("n.weight", "div")),
                "y",
                "n",
                4)),
        Arguments.of(
            "written out, channels first, into a convolution in groups",
            affine(written(Net.input(CHANNELS, 4, 4), 1, CHANNELS, 1, 1))
                .grouped("y", "n", 2, 6, 4, 3, 3)),
        Arguments.of(
            "attention of torch, which looks at the shape and transposes",
            matMul(
                norm(tokens(), "n", "x")
                    .op("s", "Shape", List.of("n"))
                    .op("t", "Transpose", List.of("n"), "perm", List.of(1L, 0L, 2L)),
                "y",
                "t",
                4)),
        Arguments.of(
            "the first token",
            norm(tokens(), "n", "x")
                .constant("zero", Tensor.of(new long[] {0}))
                .op("g", "Gather", List.of("n", "zero"), "axis", 1L)
                .linear("y", "g", 4, CHANNELS)),
        Arguments.of(
            "the average of a picture",
            norm(picture(), "n", "x")
                .op("t", "Transpose", List.of("n"), "perm", List.of(0L, 3L, 1L, 2L))
                .op("p", "GlobalAveragePool", List.of("t"))
                .op("f", "Flatten", List.of("p"))
                .linear("y", "f", 4, CHANNELS)),
        Arguments.of(
            "the average over one axis and over two",
            norm(picture(), "n", "x")
                .op("p", "ReduceMean", List.of("n"), "axes", List.of(1L))
                .op("q", "ReduceMean", List.of("p"), "axes", List.of(-3L, 2L), "keepdims", 0L)
                .linear("y", "q", 4, CHANNELS)),
        Arguments.of(
            "a convolution with padding",
            norm(picture(), "n", "x")
                .op("t", "Transpose", List.of("n"), "perm", List.of(0L, 3L, 1L, 2L))
                .conv("y", "t", 5, CHANNELS, 3, 3)),
        Arguments.of("windows that are shifted, as in Swin", windows()));
  }

  private static Net windows() {
    Net net =
        norm(picture(), "n", "x")
            .constant("pads", Tensor.of(new long[] {0, 0, 0, 0, 0, 2, 0, 0}, 8))
            .op("p", "Pad", List.of("n", "pads"))
            .constant("from", Tensor.of(new long[] {1}, 1))
            .constant("zero", Tensor.of(new long[] {0}, 1))
            .constant("end", Tensor.of(new long[] {Long.MAX_VALUE}, 1))
            .constant("axis", Tensor.of(new long[] {-2}, 1))
            .op("right", "Slice", List.of("p", "from", "end", "axis"))
            .op("left", "Slice", List.of("p", "zero", "from", "axis"))
            .op("rolled", "Concat", List.of("right", "left"), "axis", 2L)
            .constant("split", Tensor.of(new long[] {-1, 3, 2, 2, 2, CHANNELS}, 6))
            .op("r", "Reshape", List.of("rolled", "split"))
            .op("t", "Transpose", List.of("r"), "perm", List.of(0L, 1L, 3L, 2L, 4L, 5L))
            .constant("joined", Tensor.of(new long[] {-1, 4, CHANNELS}, 3))
            .op("w", "Reshape", List.of("t", "joined"));
    return matMul(net, "y", "w", 4);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void names_and_function_stay(String what, Net net) {
    Graph graph = hot(net.build("y"), "n", 3);

    SmoothedGraph result = smooth(graph);

    assertThat(result.norms()).hasSize(1);
    assertThat(result.norms().get(0).note()).isEmpty();
    assertThat(result.norms().get(0).name()).isEqualTo("n");
    assertThat(result.norms().get(0).layers()).containsExactly("y");
    assertThat(names(result.graph())).isEqualTo(names(graph));
    assertThat(result.graph().initializer("y.weight")).isNotEqualTo(graph.initializer("y.weight"));
    assertSameFunction(graph, result.graph());
  }

  private static Net pair(Net net) {
    return matMul(matMul(net, "a", "n", 4), "y", "n", CHANNELS);
  }

  static Stream<Arguments> obstacles() {
    Tensor two = Tensor.of(new long[] {2}, 1);
    Tensor minusOne = Tensor.of(new long[] {-1}, 1);
    Tensor zero = Tensor.of(new long[] {0}, 1);
    Net norm = norm(tokens(), "n", "x");
    return Stream.of(
        Arguments.of(
            pair(norm(tokens(), "n", "x")).op("z", "Add", List.of("y", "n")), "`z` (Add) reads it"),
        Arguments.of(norm(tokens(), "n", "x").op("r", "Relu", List.of("n")), "`r` (Relu) reads it"),
        Arguments.of(norm, "no layer reads it"),
        Arguments.of(
            matMul(norm(tokens(), "n", "x"), "a", "n", CHANNELS)
                .op("b", "MatMul", List.of("n", "a.weight")),
            "`a` (MatMul) reads it"),
        Arguments.of(
            norm(tokens(), "n", "x")
                .op("t", "Transpose", List.of("n"), "perm", List.of(0L, 2L, 1L))
                .op("a", "MatMul", List.of("n", "t")),
            "`a` (MatMul) reads it"),
        Arguments.of(
            matMul(norm(tokens(), "n", "x"), "a", "n", CHANNELS)
                .op("j", "Concat", List.of("n", "a"), "axis", 1L),
            "`j` (Concat) reads it"),
        Arguments.of(
            norm(tokens(), "n", "x").op("j", "Concat", List.of("n", "n"), "axis", -1L),
            "`j` (Concat) reads it"),
        Arguments.of(
            norm(tokens(), "n", "x").op("p", "ReduceMean", List.of("n"), "axes", List.of(1L, -1L)),
            "`p` (ReduceMean) reads it"),
        Arguments.of(
            norm(tokens(), "n", "x").op("p", "ReduceMean", List.of("n")),
            "`p` (ReduceMean) reads it"),
        Arguments.of(
            norm(tokens(), "n", "x")
                .constant("heads", Tensor.of(new long[] {-1, 5, 2, 4}, 4))
                .op("r", "Reshape", List.of("n", "heads")),
            "`r` (Reshape) reads it"),
        Arguments.of(
            norm(tokens(), "n", "x")
                .constant("two", two)
                .constant("minusOne", minusOne)
                .constant("zero", zero)
                .op("s", "Slice", List.of("n", "zero", "two", "minusOne")),
            "`s` (Slice) reads it"),
        Arguments.of(
            norm(tokens(), "n", "x")
                .constant("two", two)
                .op("g", "Gather", List.of("n", "two"), "axis", -1L),
            "`g` (Gather) reads it"),
        Arguments.of(
            norm(tokens(), "n", "x")
                .constant("pads", Tensor.of(new long[] {0, 0, 1, 0, 0, -1}, 6))
                .op("p", "Pad", List.of("n", "pads")),
            "`p` (Pad) reads it"),
        Arguments.of(
            norm(tokens(), "n", "x")
                .constant("pads", Tensor.of(new long[] {0, 1, 0, 0, 0, 0}, 6))
                .constant("one", Tensor.scalar(1))
                .op("p", "Pad", List.of("n", "pads", "one")),
            "`p` (Pad) reads it"),
        Arguments.of(
            matMul(
                tokens()
                    .random("g", CHANNELS)
                    .op("e", "Exp", List.of("g"))
                    .op("n", "LayerNormalization", List.of("x", "e")),
                "a",
                "n",
                4),
            "it has no constant scale with a value a channel"),
        Arguments.of(
            matMul(
                tokens()
                    .random("g", 5, CHANNELS)
                    .op("n", "LayerNormalization", List.of("x", "g"), "axis", 1L),
                "a",
                "n",
                4),
            "it has no constant scale with a value a channel"),
        Arguments.of(
            matMul(
                tokens()
                    .random("g", CHANNELS)
                    .constant("b", Tensor.scalar(1))
                    .op("n", "LayerNormalization", List.of("x", "g", "b")),
                "a",
                "n",
                4),
            "it has no constant scale with a value a channel"),
        Arguments.of(
            matMul(written(tokens(), -1, CHANNELS), "a", "div", 4),
            "it has no constant scale with a value a channel"));
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("obstacles")
  void what_else_reads_a_normalization_leaves_it_as_it_is(Net net, String why) {
    Graph graph = matMul(norm(net, "m", "x"), "o", "m", 4).build("o");

    SmoothedGraph result = smooth(graph);

    assertThat(result.norms()).extracting(Norm::smoothed).containsExactly(false, true);
    assertThat(result.norms().get(0).note()).isEqualTo(why);
    List<String> changed =
        graph.initializers().keySet().stream()
            .filter(t -> !graph.initializer(t).equals(result.graph().initializer(t)))
            .toList();
    assertThat(changed).containsExactly("m.weight", "m.bias", "o.weight");
  }

  @Test
  void an_output_of_the_network_stays() {
    Graph graph =
        matMul(norm(matMul(norm(tokens(), "n", "x"), "a", "n", CHANNELS), "m", "a"), "y", "m", 4)
            .build("y", "n");

    SmoothedGraph result = smooth(graph);

    assertThat(result.norms().get(0).note()).isEqualTo("the network gives out `n`");
    assertThat(run(result.graph(), "n")).isEqualTo(run(graph, "n"));
    assertSameFunction(graph, result.graph());
  }

  /** Exporters store equal parameters once. */
  @Test
  void parameters_that_others_read_as_well_are_copied() {
    Net net = norm(tokens(), "n", "x");
    Graph graph =
        matMul(
                matMul(net, "a", "n", CHANNELS)
                    .op("m", "LayerNormalization", List.of("a", "n.weight", "n.bias")),
                "b",
                "m",
                CHANNELS)
            .op("l", "LayerNormalization", List.of("b", "n.bias", "n.bias"))
            .op("y", "Relu", List.of("l"))
            .build("y");

    SmoothedGraph result = smooth(graph);

    assertThat(result.norms()).extracting(Norm::smoothed).containsExactly(true, true, false);
    assertThat(result.graph().operators())
        .filteredOn(n -> n.type().equals("LayerNormalization"))
        .extracting(n -> n.inputs().subList(1, 3))
        .containsExactly(
            List.of("n.weight_1", "n.bias_1"),
            List.of("n.weight", "m.bias"),
            List.of("n.bias", "n.bias"));
    assertThat(result.graph().initializer("n.bias")).isEqualTo(graph.initializer("n.bias"));
    assertSameFunction(graph, result.graph());
  }

  @Test
  void a_channel_without_values_or_weights_keeps_its_scale() {
    Graph graph = queryAndKey();
    float[] weight = graph.initializer("n.weight").floats();
    float[] bias = graph.initializer("n.bias").floats();
    weight[2] = 0;
    bias[2] = 0;
    float[] q = graph.initializer("q.weight").floats();
    java.util.Arrays.fill(q, 20, 24, 0);
    float[] k = graph.initializer("k.weight").floats();
    java.util.Arrays.fill(k, 30, 36, 0);
    Graph dead =
        graph.withInitializers(
            Map.of(
                "n.weight", Tensor.of(weight, CHANNELS),
                "n.bias", Tensor.of(bias, CHANNELS),
                "q.weight", Tensor.of(q, CHANNELS, 4),
                "k.weight", Tensor.of(k, CHANNELS, 6)));

    SmoothedGraph result = smooth(dead);

    assertThat(result.norms().get(0).factors()).element(2).isEqualTo(1.0);
    assertThat(result.norms().get(0).factors()).element(5).isEqualTo(1.0);
    assertThat(result.norms().get(0).factors()).element(4).isNotEqualTo(1.0);
    assertSameFunction(dead, result.graph());
  }

  @Test
  void the_same_samples_give_the_same_bits() {
    Graph graph = hot(queryAndKey(), "n", 3);

    assertThat(smooth(graph).graph().initializers())
        .isEqualTo(smooth(graph).graph().initializers());
  }

  @Test
  void the_report_has_a_row_a_normalization() {
    Graph graph =
        hot(
            matMul(norm(pair(norm(tokens(), "n", "x")), "m", "y"), "o", "m", 4)
                .op("r", "Relu", List.of("m"))
                .build("a", "o", "r"),
            "n",
            3);

    SmoothedGraph result = smooth(graph);

    var table = result.table();
    assertThat(table.name()).isEqualTo("Smoothed normalizations");
    assertThat(table.stringColumn("normalization").asList()).containsExactly("n", "m");
    assertThat(table.stringColumn("layers").get(0)).isEqualTo("a, y");
    assertThat(table.stringColumn("note").asList()).containsExactly("", "`r` (Relu) reads it");
    assertThat(table.numberColumn("largest/median channel before").getDouble(0)).isGreaterThan(10);
    assertThat(table.numberColumn("largest/median channel after").getDouble(0)).isLessThan(6);
    assertThat(table.numberColumn("abs max after").getDouble(0))
        .isLessThan(table.numberColumn("abs max before").getDouble(0));
    assertThat(result)
        .asString()
        .startsWith("1 of 2 normalizations, alpha 0.5; the largest channel from ");
    assertThat(result.chart().charts()).hasSize(1);
  }

  @Test
  void a_network_with_nothing_to_smooth_says_why() {
    Graph none = matMul(tokens(), "y", "x", 4).build("y");
    Net residual = pair(norm(tokens(), "n", "x")).op("z", "Add", List.of("y", "n"));
    for (String name : List.of("m", "o", "p")) {
      norm(residual, name, "z");
    }
    Graph all = residual.build("z");

    assertThatThrownBy(() -> smooth(none))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "smoothQuant: expected a normalization that nothing but layers with constant weights"
                + " read in net; it has no layer or RMS normalization");
    assertThatThrownBy(() -> smooth(all))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "smoothQuant: expected a normalization that nothing but layers with constant weights"
                + " read in net; `n` stays: `z` (Add) reads it; `m` stays: no layer reads it;"
                + " `o` stays: no layer reads it; and 1 more");
  }

  @Test
  void samples_have_to_be_there_and_fit() {
    Graph graph = queryAndKey();
    Labelled none = Labelled.of(Net.data(1, 0, 5, CHANNELS));
    Samples other = Samples.of(List.of(Map.of("x", Net.data(1, 2, 5, 9))));
    float[] infinite = Net.data(1, 2, 5, CHANNELS).floats();
    infinite[7] = Float.POSITIVE_INFINITY;
    Samples bad = Samples.of(List.of(Map.of("x", Tensor.of(infinite, 2, 5, CHANNELS))));

    assertThatThrownBy(() -> ActivationSmoothing.smooth(graph, none, SmoothQuant.DEFAULT))
        .isInstanceOf(QalibreException.class)
        .hasMessage("smoothQuant: the dataset is empty; expected at least one sample");
    assertThatThrownBy(() -> ActivationSmoothing.smooth(graph, other, SmoothQuant.DEFAULT))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("`x`");
    assertThatThrownBy(() -> ActivationSmoothing.smooth(graph, bad, SmoothQuant.DEFAULT))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("NaN or infinity in `n`");
  }

  @Test
  void a_weight_that_is_no_number_names_its_tensor() {
    Graph graph = queryAndKey();
    float[] bad = graph.initializer("k.weight").floats();
    bad[7] = Float.NaN;
    Graph broken = graph.withInitializers(Map.of("k.weight", Tensor.of(bad, CHANNELS, 6)));

    assertThatThrownBy(() -> smooth(broken))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("`k.weight`")
        .hasMessageContaining("value 7 is NaN");
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1.5, Double.NaN})
  void alpha_is_a_share(double alpha) {
    assertThatThrownBy(() -> new SmoothQuant(alpha))
        .isInstanceOf(QalibreException.class)
        .hasMessage("smoothQuant: expected an alpha of 0 to 1, found " + alpha);
  }
}
