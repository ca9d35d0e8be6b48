package io.qalibre.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.engine.Runner;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class BatchNormFolding_fold_Test {
  private static List<String> types(Graph graph) {
    return graph.operators().stream().map(OperatorNode::type).toList();
  }

  private static Graph gemm(long transposed, Object... more) {
    Object[] attributes = new Object[more.length + 2];
    attributes[0] = "transB";
    attributes[1] = transposed;
    System.arraycopy(more, 0, attributes, 2, more.length);
    Net net = Net.input(4);
    net = transposed == 1 ? net.random("w", 5, 4) : net.random("w", 4, 5);
    return net.random("b", 5)
        .op("fc", "Gemm", List.of("x", "w", "b"), attributes)
        .batchNorm("bn", "fc", 5)
        .op("y", "Relu", List.of("bn"))
        .build("y");
  }

  private static Graph forwardGemm(long transposed, Object... more) {
    Object[] attributes = new Object[more.length + 2];
    attributes[0] = "transB";
    attributes[1] = transposed;
    System.arraycopy(more, 0, attributes, 2, more.length);
    Net net = Net.input(4).batchNorm("bn", "x", 4);
    net = transposed == 1 ? net.random("w", 5, 4) : net.random("w", 4, 5);
    return net.random("b", 5).op("fc", "Gemm", List.of("bn", "w", "b"), attributes).build("fc");
  }

  private static Graph transposed(long groups) {
    return Net.input(4, 3, 3)
        .random("w", 4, 8 / groups, 3, 3)
        .op("c", "ConvTranspose", List.of("x", "w"), "group", groups, "strides", List.of(2L, 2L))
        .batchNorm("bn", "c", 8)
        .op("y", "Relu", List.of("bn"))
        .build("y");
  }

  private static Graph reshaped(long... shape) {
    return Net.input(3, 2, 2)
        .batchNorm("bn", "x", 3)
        .constant("shape", Tensor.of(shape, 2))
        .op("flat", "Reshape", List.of("bn", "shape"))
        .linear("y", "flat", 5, 12)
        .build("y");
  }

  static Stream<Arguments> foldable() {
    return Stream.of(
        Arguments.of(
            "conv",
            Net.input(3, 6, 6)
                .conv("c", "x", 4, 3, 3, 3)
                .batchNorm("bn", "c", 4)
                .op("y", "Relu", List.of("bn"))
                .build("y")),
        Arguments.of(
            "conv without bias",
            Net.input(3, 6, 6)
                .convNoBias("c", "x", 4, 3, 3, 3)
                .batchNorm("bn", "c", 4)
                .op("y", "Relu", List.of("bn"))
                .build("y")),
        Arguments.of(
            "depthwise",
            Net.input(3, 6, 6)
                .grouped("c", "x", 3, 3, 1, 3, 3)
                .batchNorm("bn", "c", 3)
                .op("y", "Relu", List.of("bn"))
                .build("y")),
        Arguments.of(
            "two groups",
            Net.input(4, 6, 6)
                .grouped("c", "x", 2, 6, 2, 3, 3)
                .batchNorm("bn", "c", 6)
                .op("y", "Relu", List.of("bn"))
                .build("y")),
        Arguments.of("transposed convolution", transposed(1)),
        Arguments.of("transposed convolution, depthwise", transposed(4)),
        Arguments.of("transposed convolution, two groups", transposed(2)),
        Arguments.of(
            "matrix product",
            Net.input(4)
                .random("w", 4, 5)
                .op("fc", "MatMul", List.of("x", "w"))
                .batchNorm("bn", "fc", 5)
                .op("y", "Relu", List.of("bn"))
                .build("y")),
        Arguments.of(
            "forward into a convolution",
            Net.input(4, 6, 6)
                .batchNorm("bn", "x", 4)
                .random("w", 5, 4, 3, 3)
                .op("c", "Conv", List.of("bn", "w"), "pads", List.of(0L, 0L, 0L, 0L))
                .build("c")),
        Arguments.of(
            "forward into a convolution with a bias, in groups, without pads",
            Net.input(4, 6, 6)
                .batchNorm("bn", "x", 4)
                .random("w", 6, 2, 3, 3)
                .random("b", 6)
                .op("c", "Conv", List.of("bn", "w", "b"), "group", 2L, "strides", List.of(2L, 2L))
                .build("c")),
        Arguments.of(
            "forward into a depthwise convolution",
            Net.input(4, 6, 6)
                .batchNorm("bn", "x", 4)
                .random("w", 4, 1, 3, 3)
                .op("c", "Conv", List.of("bn", "w"), "group", 4L, "auto_pad", "VALID")
                .build("c")),
        Arguments.of("forward into a gemm", forwardGemm(0)),
        Arguments.of("forward into a gemm, transposed", forwardGemm(1)),
        Arguments.of(
            "forward into a gemm, alpha and beta", forwardGemm(1, "alpha", 0.5f, "beta", 2f)),
        Arguments.of(
            "forward into a matrix product",
            Net.input(4)
                .batchNorm("bn", "x", 4)
                .random("w", 4, 5)
                .op("y", "MatMul", List.of("bn", "w"))
                .build("y")),
        Arguments.of(
            "forward through a flatten",
            Net.input(3, 2, 2)
                .batchNorm("bn", "x", 3)
                .op("flat", "Flatten", List.of("bn"))
                .linear("y", "flat", 5, 12)
                .build("y")),
        Arguments.of("forward through a reshape", reshaped(0, -1)),
        Arguments.of("forward through a reshape of any rows", reshaped(-1, 12)),
        Arguments.of(
            "both sides of a layer",
            Net.input(4, 6, 6)
                .batchNorm("before", "x", 4)
                .conv("c", "before", 5, 4, 1, 1)
                .batchNorm("after", "c", 5)
                .op("y", "Relu", List.of("after"))
                .build("y")),
        Arguments.of("gemm", gemm(0)),
        Arguments.of("gemm, transposed", gemm(1)),
        Arguments.of("gemm, alpha and beta", gemm(1, "alpha", 0.5f, "beta", 2f)),
        Arguments.of(
            "gemm, beta without bias",
            Net.input(4)
                .random("w", 4, 5)
                .op("fc", "Gemm", List.of("x", "w"), "beta", 3f)
                .batchNorm("bn", "fc", 5)
                .op("y", "Relu", List.of("bn"))
                .build("y")),
        Arguments.of(
            "gemm, bias of one row",
            Net.input(4)
                .random("w", 4, 5)
                .random("b", 1, 5)
                .op("fc", "Gemm", List.of("x", "w", "b"))
                .batchNorm("bn", "fc", 5)
                .op("y", "Relu", List.of("bn"))
                .build("y")),
        Arguments.of(
            "gemm, bias of one value",
            Net.input(4)
                .random("w", 4, 5)
                .random("b", 1)
                .op("fc", "Gemm", List.of("x", "w", "b"))
                .batchNorm("bn", "fc", 5)
                .op("y", "Relu", List.of("bn"))
                .build("y")),
        Arguments.of(
            "the name of the new bias is taken",
            Net.input(3, 6, 6)
                .random("c.bias", 4, 1, 1)
                .convNoBias("c", "x", 4, 3, 3, 3)
                .batchNorm("bn", "c", 4)
                .op("y", "Add", List.of("bn", "c.bias"))
                .build("y")),
        Arguments.of(
            "the normalization is the output",
            Net.input(3, 6, 6).conv("c", "x", 4, 3, 3, 3).batchNorm("bn", "c", 4).build("bn")),
        Arguments.of(
            "two layers",
            Net.input(3, 6, 6)
                .conv("c", "x", 4, 3, 3, 3)
                .batchNorm("bn", "c", 4)
                .conv("d", "bn", 4, 4, 1, 1)
                .batchNorm("bn2", "d", 4)
                .op("y", "Add", List.of("bn", "bn2"))
                .build("y")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("foldable")
  void the_function_stays(String what, Graph graph) {
    BatchNormFolding.Result result = BatchNormFolding.fold(graph);

    assertThat(types(result.graph())).doesNotContain("BatchNormalization");
    assertThat(result.graph().outputs()).isEqualTo(graph.outputs());
    assertSame(graph, result.graph());
  }

  private static void assertSame(Graph before, Graph after) {
    long[] shape = before.inputs().get(0).shape().fix(3).sizes();
    Map<String, Tensor> input = Map.of("x", Net.data(1, shape));
    Runner.run(Simulation.of(before), input)
        .forEach(
            (name, expected) -> {
              float[] found = Runner.run(Simulation.of(after), input).get(name).floats();
              float[] values = expected.floats();
              for (int i = 0; i < values.length; i++) {
                assertThat(found[i])
                    .isCloseTo(values[i], within(1e-5f * (1 + Math.abs(values[i]))));
              }
            });
  }

  static Stream<Arguments> kept() {
    return Stream.of(
        Arguments.of(
            "something else reads the layer",
            Net.input(3, 6, 6)
                .conv("c", "x", 4, 3, 3, 3)
                .batchNorm("bn", "c", 4)
                .op("y", "Add", List.of("bn", "c"))
                .build("y")),
        Arguments.of(
            "the network gives out the layer",
            Net.input(3, 6, 6)
                .conv("c", "x", 4, 3, 3, 3)
                .batchNorm("bn", "c", 4)
                .op("y", "Relu", List.of("bn"))
                .build("y", "c")),
        Arguments.of(
            "the weight is shared",
            Net.input(4, 6, 6)
                .random("w", 4, 4, 1, 1)
                .op("c", "Conv", List.of("x", "w"))
                .batchNorm("bn", "c", 4)
                .op("y", "Conv", List.of("bn", "w"))
                .build("y")),
        Arguments.of(
            "no layer before it",
            Net.input(3, 6, 6).batchNorm("bn", "x", 3).op("y", "Relu", List.of("bn")).build("y")),
        Arguments.of(
            "padding behind it",
            Net.input(3, 6, 6).batchNorm("bn", "x", 3).conv("y", "bn", 4, 3, 3, 3).build("y")),
        Arguments.of(
            "padding by name behind it",
            Net.input(3, 6, 6)
                .batchNorm("bn", "x", 3)
                .random("w", 4, 3, 3, 3)
                .op("y", "Conv", List.of("bn", "w"), "auto_pad", "SAME_UPPER")
                .build("y")),
        Arguments.of(
            "a transposed convolution behind it",
            Net.input(4, 3, 3)
                .batchNorm("bn", "x", 4)
                .random("w", 4, 5, 2, 2)
                .op("y", "ConvTranspose", List.of("bn", "w"))
                .build("y")),
        Arguments.of(
            "a reshape that mixes channels",
            Net.input(4, 3)
                .batchNorm("bn", "x", 4)
                .constant("shape", Tensor.of(new long[] {-1, 4}, 2))
                .op("flat", "Reshape", List.of("bn", "shape"))
                .linear("y", "flat", 5, 4)
                .build("y")),
        Arguments.of(
            "a matrix product along the last of three axes",
            Net.input(4, 5)
                .random("w", 5, 4)
                .op("fc", "MatMul", List.of("x", "w"))
                .batchNorm("bn", "fc", 4)
                .op("y", "Relu", List.of("bn"))
                .build("y")),
        Arguments.of(
            "statistics of the batch",
            Net.input(3, 6, 6)
                .conv("c", "x", 4, 3, 3, 3)
                .random("g", 4)
                .random("b", 4)
                .random("m", 4)
                .constant("v", Tensor.of(new float[] {1, 1, 1, 1}, 4))
                .op(
                    "bn",
                    "BatchNormalization",
                    List.of("c", "g", "b", "m", "v"),
                    "training_mode",
                    1L)
                .op("y", "Relu", List.of("bn"))
                .build("y")),
        Arguments.of(
            "an operator between",
            Net.input(3, 6, 6)
                .conv("c", "x", 4, 3, 3, 3)
                .op("r", "Relu", List.of("c"))
                .batchNorm("bn", "r", 4)
                .build("bn")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("kept")
  void what_cannot_be_folded_stays(String what, Graph graph) {
    BatchNormFolding.Result result = BatchNormFolding.fold(graph);

    assertThat(result.folded()).isEmpty();
    assertThat(types(result.graph())).isEqualTo(types(graph));
    assertThat(result.graph().initializers().keySet()).isEqualTo(graph.initializers().keySet());
    assertSame(graph, result.graph());
  }

  /** What AIMET's folding leaves of these layers, with the same names. */
  @Test
  void what_stays_has_mean_0_and_variance_1_with_parameters_of_its_own() {
    Net net = Net.input(3, 4, 4).op("r", "Relu", List.of("x")).random("g", 3).random("mu", 3);
    for (String name : List.of("b", "b2")) {
      net = net.random(name, 3);
    }
    for (String name : List.of("v", "v2")) {
      net = net.constant(name, Tensor.of(new float[] {0.3f, 1.5f, 2}, 3));
    }
    Graph graph =
        net.op("n", "BatchNormalization", List.of("r", "g", "b", "mu", "v"), "epsilon", 1e-3f)
            .op("y", "BatchNormalization", List.of("n", "g", "b2", "mu", "v2"), "epsilon", 1e-3f)
            .build("y");

    Graph folded = BatchNormFolding.fold(graph).graph();

    assertThat(folded.operators().get(1).inputs()).containsExactly("r", "g_1", "b", "mu_1", "v");
    assertThat(folded.operators().get(2).inputs()).containsExactly("n", "g", "b2", "mu", "v2");
    assertThat(folded.operators().get(1).attributes().number("epsilon", 1)).isZero();
    assertThat(folded.initializer("mu_1").floats()).containsOnly(0);
    assertThat(folded.initializer("v").floats()).containsOnly(1);
    float[] gamma = graph.initializer("g").floats();
    assertThat(folded.initializer("g").floats()[1])
        .isEqualTo(gamma[1] * (1 / (float) Math.sqrt(1.5f + 1e-3f)));
    assertSame(graph, folded);
  }

  @Test
  void names_stay_and_what_was_folded_is_told() {
    Graph graph =
        Net.input(3, 6, 6)
            .convNoBias("c", "x", 4, 3, 3, 3)
            .batchNorm("bn", "c", 4)
            .op("y", "Relu", List.of("bn"))
            .build("y");

    BatchNormFolding.Result result = BatchNormFolding.fold(graph);

    assertThat(result.graph().nodes())
        .extracting(Node::name, Node::inputs)
        .containsExactly(
            Tuple.tuple("c", List.of("x", "c.weight", "c.bias")), Tuple.tuple("y", List.of("c")));
    assertThat(result.graph().initializers()).containsOnlyKeys("c.weight", "c.bias");
    assertThat(result.folded()).hasSize(1);
    BatchNormFolding.Folded folded = result.folded().get(0);
    assertThat(folded.layer()).isEqualTo("c");
    assertThat(folded.batchNorm()).isEqualTo("bn");
    assertThat(folded.beta()).hasSize(4);
    assertThat(graph.nodes()).hasSize(3);
  }

  @Test
  void a_layer_tells_on_which_side_a_normalization_was() {
    Graph graph =
        Net.input(4, 6, 6)
            .batchNorm("before", "x", 4)
            .conv("c", "before", 5, 4, 1, 1)
            .batchNorm("after", "c", 5)
            .op("y", "Relu", List.of("after"))
            .build("y");

    assertThat(BatchNormFolding.fold(graph).folded())
        .extracting(
            BatchNormFolding.Folded::layer,
            BatchNormFolding.Folded::batchNorm,
            BatchNormFolding.Folded::direction)
        .containsExactly(
            Tuple.tuple("c", "after", BatchNormFolding.Direction.BACKWARD),
            Tuple.tuple("c", "before", BatchNormFolding.Direction.FORWARD));
  }

  @Test
  void a_normalization_between_two_layers_goes_into_the_first() {
    Graph graph =
        Net.input(4, 6, 6)
            .conv("a", "x", 5, 4, 1, 1)
            .batchNorm("bn", "a", 5)
            .conv("b", "bn", 3, 5, 1, 1)
            .build("b");

    assertThat(BatchNormFolding.fold(graph).folded())
        .extracting(BatchNormFolding.Folded::layer)
        .containsExactly("a");
  }

  @Test
  void a_matrix_product_becomes_a_gemm_of_the_same_name() {
    Graph graph =
        Net.input(4)
            .batchNorm("bn", "x", 4)
            .random("w", 4, 5)
            .op("fc", "MatMul", List.of("bn", "w"))
            .build("fc");

    Graph folded = BatchNormFolding.fold(graph).graph();

    assertThat(folded.operators())
        .extracting(OperatorNode::name, OperatorNode::type, OperatorNode::inputs)
        .containsExactly(Tuple.tuple("fc", "Gemm", List.of("x", "w", "fc.bias")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "mobilenet_v2"})
  void golden_weights_are_aimets_to_the_bit(String model) {
    Graph folded = BatchNormFolding.fold(Golden.network(model + ".onnx")).graph();
    Graph aimet = Golden.network(model + "_bnfolded.onnx");

    assertThat(types(folded)).isEqualTo(types(aimet));
    assertThat(folded.initializers()).containsExactlyInAnyOrderEntriesOf(aimet.initializers());
  }
}
