package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;
import io.qalibre.testing.Net;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A ReLU and the quantizer after it are one operation where ranges learn: values and gradients are
 * those of the two.
 */
class TrainableBlock_rectified_Test {
  private static final Tensor VALUES =
      Tensor.of(
          new float[] {-3, -1, -0.01f, 0, 0.01f, 0.5f, 1, 2.5f, 4.4f, 5.9f, 6.2f, 7, 12}, 1, 13);

  private static final QuantizerSpec SPEC =
      QuantizerSpec.perTensor(8, QuantScheme.MIN_MAX, Symmetry.ASYMMETRIC);

  private final NDManager manager = Programs.newManager();

  @AfterEach
  void close() {
    manager.close();
  }

  /** With an upper bound or without; the quantizer's range. */
  record Case(String type, float min, float max, GradientEstimator estimator) {}

  static Stream<Case> cases() {
    float[][] ranges = {{0, 4}, {0, 5.9f}, {0, 6.001f}, {0, 30}, {-1, 4}, {-1, 9}, {0.5f, 3}};
    return Stream.of("Relu", "Clip")
        .flatMap(
            type ->
                Stream.of(ranges)
                    .flatMap(
                        range ->
                            Stream.of(GradientEstimator.LEARNED, GradientEstimator.LSQ)
                                .map(e -> new Case(type, range[0], range[1], e))));
  }

  /** Apart, the activation function is one that computes the same and is not known to. */
  private static Graph network(Case one, boolean apart) {
    TensorShape shape = TensorShape.of(Dim.symbolic("N"), Dim.of(13));
    GraphBuilder builder =
        new GraphBuilder("rectified")
            .input(new ValueInfo("x", DataType.FLOAT, shape))
            .initializer("w", VALUES)
            .initializer("slopes", Net.data(3, 1, 13))
            .initializer("low", Tensor.scalar(0))
            .initializer("high", Tensor.scalar(6))
            .node(node("a", "Add", List.of("x", "w"), Attributes.NONE));
    boolean bounded = one.type().equals("Clip");
    if (apart) {
      if (bounded) {
        builder.node(node("c", "Clip", List.of("a", "", "high"), Attributes.NONE));
      }
      builder.node(
          node("r", "LeakyRelu", List.of(bounded ? "c" : "a"), Attributes.NONE.with("alpha", 0f)));
    } else {
      List<String> inputs = bounded ? List.of("a", "low", "high") : List.of("a");
      builder.node(node("r", one.type(), inputs, Attributes.NONE));
    }
    QuantizerPlacement placement =
        new QuantizerPlacement(QuantizerPlacement.Kind.ACTIVATION, one.type(), true, "test");
    return builder
        .node(new QuantizerNode("r", "r", "r", "r_qdq", SPEC, placement))
        .node(node("y", "Mul", List.of("r_qdq", "slopes"), Attributes.NONE))
        .output(new ValueInfo("y", DataType.FLOAT, shape))
        .build();
  }

  private static OperatorNode node(
      String name, String type, List<String> inputs, Attributes attributes) {
    return new OperatorNode(name, type, inputs, List.of(name), attributes);
  }

  private Map<String, float[]> gradients(Case one, boolean apart) {
    float[] min = {one.min()};
    float[] max = {one.max()};
    Graph graph = network(one, apart);
    Simulation start = new Simulation(graph, Map.of("r", LearnedRanges.ofEnds(SPEC, min, max)));
    boolean fused =
        ProgramCompiler.compile(graph, Mode.TRAIN, one.estimator().form())
            .code()
            .contains("= (self).learned_rectified(");
    assertThat(fused).isNotEqualTo(apart);
    TrainableBlock block = new TrainableBlock(start, manager, one.estimator());
    if (one.estimator() == GradientEstimator.LEARNED) {
      Map<String, Tensor> values = new HashMap<>(block.snapshot());
      values.put("r.range_min", Tensor.of(min, 1));
      values.put("r.range_max", Tensor.of(max, 1));
      block.restore(values);
    }
    return SingleQuantizer.gradients(block, Tensor.of(new float[13], 1, 13), manager);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void gradients_are_those_of_a_relu_and_a_quantizer(Case one) {
    Map<String, float[]> found = gradients(one, false);
    Map<String, float[]> expected = gradients(one, true);

    String range = one.estimator() == GradientEstimator.LEARNED ? "r.range_max" : "r.range_scale";
    assertThat(expected.get(range)[0]).isNotZero();
    for (String name : found.keySet().stream().filter(n -> n.matches("w|y|r\\..*")).toList()) {
      float[] values = found.get(name);
      for (int i = 0; i < values.length; i++) {
        float other = expected.get(name)[i];
        assertThat(values[i])
            .as("%s[%d]", name, i)
            .isCloseTo(other, within(1e-5f * (1 + Math.abs(other))));
      }
    }
  }
}
