package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.engine.Runner;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.BatchNormFolding;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.ptq.Equalization.Clips;
import io.qalibre.ptq.EqualizedGraph.Pair;
import io.qalibre.quant.Range;
import io.qalibre.quant.WeightRanges;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class CrossLayerEqualization_equalize_Test {
  /** Channel c of a tensor is multiplied by 10^c, so that there is something to equalize. */
  private static Graph uneven(Graph graph, String weight) {
    Tensor tensor = graph.initializer(weight);
    float[] values = tensor.floats();
    int inner = values.length / (int) tensor.sizes()[0];
    for (int i = 0; i < values.length; i++) {
      int channel = i / inner;
      values[i] *= (float) Math.pow(10, channel);
    }
    return graph.withInitializers(Map.of(weight, Tensor.of(values, tensor.sizes())));
  }

  private static double[] absMax(Graph graph, String weight, int axis) {
    Tensor tensor = graph.initializer(weight);
    return WeightRanges.of(tensor.floats(), tensor.sizes(), axis).stream()
        .mapToDouble(Range::absMax)
        .toArray();
  }

  private static void assertEqualRanges(Graph graph, String first, String second, int axis) {
    double[] r1 = absMax(graph, first, 0);
    double[] r2 = absMax(graph, second, axis);
    for (int c = 0; c < r1.length; c++) {
      assertThat(r1[c]).as("channel %d", c).isCloseTo(r2[c], within(1e-3 * r1[c]));
    }
  }

  private static void assertSameFunction(Graph before, Graph after) {
    long[] shape = before.inputs().get(0).shape().fix(2).sizes();
    Map<String, Tensor> input = Map.of("x", Net.data(1, shape));
    String output = before.outputs().get(0).name();

    assertThat(
            Golden.sqnr(
                Runner.run(Simulation.of(before), input).get(output),
                Runner.run(Simulation.of(after), input).get(output)))
        .isGreaterThan(100);
  }

  private static Net pair() {
    return Net.input(3, 8, 8).conv("a", "x", 4, 3, 3, 3);
  }

  @Test
  void two_layers_get_equal_ranges_and_the_function_stays() {
    Graph graph =
        uneven(
            pair().op("r", "Relu", List.of("a")).conv("b", "r", 5, 4, 3, 3).build("b"), "a.weight");

    EqualizedGraph result = CrossLayerEqualization.equalize(graph);

    assertThat(result.pairs())
        .extracting(Pair::first, Pair::between, Pair::second)
        .containsExactly(tuple("a", List.of("Relu"), "b"));
    assertEqualRanges(result.graph(), "a.weight", "b.weight", 1);
    assertSameFunction(graph, result.graph());
    assertThat(absMax(graph, "a.weight", 0)[3]).isGreaterThan(100);
  }

  @Test
  void a_chain_with_a_depthwise_layer_is_equalized_to_its_end() {
    Graph graph =
        pair()
            .op("r", "Relu", List.of("a"))
            .op("p", "MaxPool", List.of("r"), "kernel_shape", List.of(2L, 2L))
            .grouped("d", "p", 4, 4, 1, 3, 3)
            .op("s", "LeakyRelu", List.of("d"))
            .conv("b", "s", 5, 4, 1, 1)
            .build("b");
    Graph start = uneven(uneven(graph, "a.weight"), "d.weight");

    EqualizedGraph result = CrossLayerEqualization.equalize(start);

    assertThat(result.pairs())
        .extracting(Pair::first, Pair::second)
        .containsExactly(tuple("a", "d"), tuple("d", "b"));
    assertEqualRanges(result.graph(), "a.weight", "d.weight", 0);
    assertEqualRanges(result.graph(), "d.weight", "b.weight", 1);
    assertSameFunction(start, result.graph());
  }

  @Test
  void equalizing_again_changes_nothing() {
    Graph graph =
        uneven(
            pair().op("r", "Relu", List.of("a")).conv("b", "r", 5, 4, 3, 3).build("b"), "a.weight");
    Graph once = CrossLayerEqualization.equalize(graph).graph();
    Graph twice = CrossLayerEqualization.equalize(once).graph();

    float[] first = once.initializer("a.weight").floats();
    float[] second = twice.initializer("a.weight").floats();
    for (int i = 0; i < first.length; i++) {
      assertThat(second[i]).isCloseTo(first[i], within(1e-4f * Math.abs(first[i])));
    }
  }

  static Stream<Arguments> alone() {
    return Stream.of(
        Arguments.of(
            "ReLU6",
            pair()
                .constant("zero", Tensor.scalar(0))
                .constant("six", Tensor.scalar(6))
                .op("r", "Clip", List.of("a", "zero", "six"))
                .conv("b", "r", 5, 4, 3, 3)
                .build("b")),
        Arguments.of(
            "Sigmoid",
            pair().op("r", "Sigmoid", List.of("a")).conv("b", "r", 5, 4, 3, 3).build("b")),
        Arguments.of(
            "a branch",
            pair()
                .op("r", "Relu", List.of("a"))
                .conv("b", "r", 4, 4, 3, 3)
                .op("y", "Add", List.of("b", "r"))
                .build("y")),
        Arguments.of(
            "an output on the way",
            pair().op("r", "Relu", List.of("a")).conv("b", "r", 5, 4, 3, 3).build("b", "r")),
        Arguments.of(
            "a shared weight",
            Net.input(4, 8, 8)
                .random("w", 4, 4, 3, 3)
                .op("a", "Conv", List.of("x", "w"))
                .op("b", "Conv", List.of("a", "w"))
                .build("b")),
        Arguments.of(
            "a shared bias",
            Net.input(4, 8, 8)
                .random("w", 4, 4, 1, 1)
                .random("v", 4, 4, 1, 1)
                .random("bias", 4)
                .op("a", "Conv", List.of("x", "w", "bias"))
                .op("b", "Conv", List.of("a", "v", "bias"))
                .build("b")),
        Arguments.of(
            "a batch normalization",
            pair().batchNorm("n", "a", 4).conv("b", "n", 5, 4, 3, 3).build("b")),
        Arguments.of("a pad with ones", padded(Tensor.scalar(1), 0, 0, 1, 1, 0, 0, 1, 1)),
        Arguments.of("a pad of channels", padded(Tensor.scalar(0), 0, 1, 0, 0, 0, -1, 0, 0)),
        Arguments.of(
            "a pad that repeats the edge",
            pair()
                .constant("pads", Tensor.of(new long[] {0, 0, 1, 1, 0, 0, 1, 1}, 8))
                .op("p", "Pad", List.of("a", "pads"), "mode", "edge")
                .conv("b", "p", 5, 4, 3, 3)
                .build("b")),
        Arguments.of(
            "a pad that data decide on",
            pair()
                .input(new ValueInfo("pads", DataType.INT64, TensorShape.of(8)))
                .op("p", "Pad", List.of("a", "pads"))
                .conv("b", "p", 5, 4, 3, 3)
                .unchecked("b")),
        Arguments.of("a bias for each position", tokens("positions", 5, 4)),
        Arguments.of("a pool across the channels of tokens", pooledTokens()),
        Arguments.of("one layer", pair().build("a")));
  }

  private static Graph padded(Tensor value, long... pads) {
    return pair()
        .op("r", "Relu", List.of("a"))
        .constant("pads", Tensor.of(pads, pads.length))
        .constant("value", value)
        .op("p", "Pad", List.of("r", "pads", "value"))
        .conv("b", "p", 5, 4, 3, 3)
        .build("b");
  }

  /** Two layers of a transformer, as exporters write them: a MatMul and an Add each. */
  private static Graph tokens(String bias, long... shape) {
    return Net.input(5, 6)
        .random("a.weight", 6, 4)
        .random(bias, shape)
        .op("m", "MatMul", List.of("x", "a.weight"))
        .op("a", "Add", List.of(bias, "m"))
        .op("r", "Relu", List.of("a"))
        .random("b.weight", 4, 3)
        .op("b", "MatMul", List.of("r", "b.weight"))
        .build("b");
  }

  private static Graph pooledTokens() {
    return Net.input(5, 6)
        .random("a.weight", 6, 4)
        .op("a", "MatMul", List.of("x", "a.weight"))
        .op("p", "MaxPool", List.of("a"), "kernel_shape", List.of(3L), "pads", List.of(1L, 1L))
        .random("b.weight", 4, 3)
        .op("b", "MatMul", List.of("p", "b.weight"))
        .build("b");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("alone")
  void what_does_not_commute_stays_as_it_is(String what, Graph graph) {
    EqualizedGraph result = CrossLayerEqualization.equalize(graph);

    assertThat(result.pairs()).isEmpty();
    assertThat(result.rounds()).isZero();
    assertThat(result.graph().initializers()).isEqualTo(graph.initializers());
  }

  @Test
  void a_channel_without_weights_stays_as_it_is() {
    Graph graph = pair().op("r", "Relu", List.of("a")).conv("b", "r", 5, 4, 3, 3).build("b");
    float[] first = graph.initializer("a.weight").floats();
    java.util.Arrays.fill(first, 0, 27, 0); // channel 0 of the first layer
    float[] second = graph.initializer("b.weight").floats();
    for (int o = 0; o < 5; o++) {
      java.util.Arrays.fill(second, (o * 4 + 1) * 9, (o * 4 + 2) * 9, 0); // input 1 of the second
    }
    Graph dead =
        graph.withInitializers(
            Map.of(
                "a.weight",
                Tensor.of(first, 4, 3, 3, 3),
                "b.weight",
                Tensor.of(second, 5, 4, 3, 3)));

    Graph equalized = CrossLayerEqualization.equalize(dead).graph();

    assertThat(absMax(equalized, "b.weight", 1)[0]).isEqualTo(absMax(dead, "b.weight", 1)[0]);
    assertThat(absMax(equalized, "a.weight", 0)[1]).isEqualTo(absMax(dead, "a.weight", 0)[1]);
    assertSameFunction(dead, equalized);
  }

  @Test
  void weights_that_are_no_numbers_name_their_tensor() {
    Graph graph = pair().conv("b", "a", 5, 4, 3, 3).build("b");
    float[] bad = graph.initializer("b.weight").floats();
    bad[7] = Float.NaN;
    Graph broken = graph.withInitializers(Map.of("b.weight", Tensor.of(bad, 5, 4, 3, 3)));

    assertThatThrownBy(() -> CrossLayerEqualization.equalize(broken))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("`b.weight`")
        .hasMessageContaining("value 7 is NaN");
    assertThatThrownBy(() -> WeightComparison.of(graph, broken))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("`b.weight`");
  }

  static Stream<Arguments> layers() {
    return Stream.of(
        Arguments.of("two groups", pair().grouped("b", "a", 2, 6, 2, 3, 3).build("b")),
        Arguments.of(
            "groups before",
            Net.input(4, 8, 8)
                .grouped("a", "x", 2, 6, 2, 3, 3)
                .op("r", "Relu", List.of("a"))
                .conv("b", "r", 5, 6, 3, 3)
                .build("b")),
        Arguments.of(
            "transposed convolutions",
            Net.input(4, 5, 5)
                .random("a.weight", 4, 3, 2, 2)
                .random("a.bias", 6)
                .op("a", "ConvTranspose", List.of("x", "a.weight", "a.bias"), "group", 2L)
                .random("slope", 6, 1, 1)
                .op("r", "PRelu", List.of("a", "slope"))
                .random("b.weight", 6, 5, 2, 2)
                .op("b", "ConvTranspose", List.of("r", "b.weight"))
                .build("b")),
        Arguments.of(
            "a linear layer behind a flatten",
            pair()
                .op("r", "Relu", List.of("a"))
                .op("p", "AveragePool", List.of("r"), "kernel_shape", List.of(2L, 2L))
                .op("f", "Flatten", List.of("p"))
                .linear("b", "f", 3, 4 * 7 * 7)
                .build("b")),
        Arguments.of("zeros around", padded(Tensor.scalar(0), 0, 0, 1, 2, 0, 0, 1, -1)),
        Arguments.of(
            "zeros around, as before opset 11",
            pair()
                .op("p", "Pad", List.of("a"), "pads", List.of(0L, 0L, 1L, 1L, 0L, 0L, 1L, 1L))
                .conv("b", "p", 5, 4, 3, 3)
                .build("b")),
        Arguments.of(
            "linear layers",
            Net.input(6)
                .random("a.weight", 6, 4)
                .random("a.bias", 1, 4)
                .op("a", "Gemm", List.of("x", "a.weight", "a.bias"), "beta", 2f)
                .op("r", "Relu", List.of("a"))
                .random("b.weight", 4, 5)
                .op("b", "MatMul", List.of("r", "b.weight"))
                .build("b")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("layers")
  void layers_of_all_kinds_are_equalized(String what, Graph graph) {
    Graph start = uneven(graph, "a.weight");

    EqualizedGraph result = CrossLayerEqualization.equalize(start);

    assertThat(result.pairs()).extracting(Pair::first, Pair::second).contains(tuple("a", "b"));
    assertSameFunction(start, result.graph());
    assertThat(CrossLayerEqualization.equalize(result.graph()).pairs().get(0).factors())
        .allSatisfy(f -> assertThat(f).isCloseTo(1, within(1e-3)));
  }

  @Test
  void a_bias_that_an_add_adds_to_a_product_is_part_of_its_layer() {
    Graph graph = tokens("a.bias", 4);
    float[] weight = graph.initializer("a.weight").floats();
    for (int i = 0; i < weight.length; i++) {
      weight[i] *= (float) Math.pow(10, i % 4);
    }
    Graph start = graph.withInitializers(Map.of("a.weight", Tensor.of(weight, 6, 4)));

    EqualizedGraph result = CrossLayerEqualization.equalize(start);

    assertThat(result.pairs())
        .extracting(Pair::first, Pair::between, Pair::second)
        .containsExactly(tuple("m", List.of("Add", "Relu"), "b"));
    assertThat(result.graph().nodes()).isEqualTo(start.nodes());
    double[] first = absMax(result.graph(), "a.weight", 1);
    double[] second = absMax(result.graph(), "b.weight", 0);
    float[] bias = result.graph().initializer("a.bias").floats();
    for (int c = 0; c < 4; c++) {
      assertThat(first[c]).isCloseTo(second[c], within(1e-3 * first[c]));
      double factor = result.pairs().get(0).factors().get(c);
      assertThat((double) bias[c])
          .isCloseTo(graph.initializer("a.bias").floats()[c] / factor, within(1e-6));
    }
    assertSameFunction(start, result.graph());
    assertThat(result.table().numberColumn("channels").getDouble(0)).isEqualTo(4);
    assertThat(result.chart().charts()).hasSize(2);
  }

  @Test
  void without_knowledge_of_outputs_layers_around_a_relu6_stay_and_are_told() {
    Graph folded = BatchNormFolding.fold(Golden.network("mobilenet_v2.onnx")).graph();

    EqualizedGraph result = CrossLayerEqualization.equalize(folded);

    assertThat(result.pairs()).hasSize(2);
    assertThat(result.left()).hasSize(35);
    assertThat(result)
        .hasToString(
            "2 pairs in 2 rounds: /features/features.1/conv/conv.1/Conv→"
                + "/features/features.2/conv/conv.0/conv.0.0/Conv, "
                + "/features/features.17/conv/conv.2/Conv→/features/features.18/features.18.0/Conv; "
                + "35 pairs with a Clip between stay as they are");
  }

  private static Map<String, Tensor> run(Graph graph) {
    return Runner.run(Simulation.of(graph), Map.of("input", Golden.pictures(128)));
  }

  @ParameterizedTest
  @EnumSource(names = {"LIMIT_FACTORS", "BOUND_CHANNELS", "LEAVE"})
  void the_golden_networks_function_stays(Clips clips) {
    Graph graph = Golden.network("mobilenet_v2.onnx");
    BatchNormFolding.Result folded = BatchNormFolding.fold(graph);

    EqualizedGraph result =
        CrossLayerEqualization.equalize(
            folded.graph(),
            Equalization.DEFAULT.withClips(clips),
            OutputRanges.of(folded.folded()));

    assertThat(result.pairs()).hasSize(clips == Clips.LEAVE ? 2 : 37);
    double sqnr =
        Golden.sqnr(Golden.array("mobilenet_v2.fp32.out.npy"), run(result.graph()).get("output"));
    assertThat(sqnr).isGreaterThan(clips == Clips.LIMIT_FACTORS ? 60 : 100);
  }
}
