package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients of windows, normalizations, Resize, Pad and recurrent networks, beside slopes. */
class TrainableBlock_slopes_Test {
  private static final float STEP = 1e-2f;
  private static final List<Long> TWO = List.of(2L, 2L);

  /** y = x · op(w): x weighs each output of the operator that reads w. */
  private static Graph weighed(Net net, long... shape) {
    return net.random("w", shape).op("y", "Mul", List.of("x", "o")).build("y");
  }

  private static Net outputs(long... sizes) {
    return Net.input(sizes);
  }

  private static Tensor sizes(long... sizes) {
    return Tensor.of(sizes, sizes.length);
  }

  private static Arguments paddedPool(String type) {
    List<Long> pads = List.of(1L, 0L, 0L, 0L);
    Net net = outputs(2, 3, 3).op("o", type, List.of("w"), "kernel_shape", TWO, "pads", pads);
    return Arguments.of(type, weighed(net, 1, 2, 3, 4));
  }

  static Stream<Arguments> operators() {
    return Stream.of(
        Arguments.of(
            "ConvTranspose",
            weighed(
                outputs(2, 4, 5)
                    .random("k", 2, 2, 2, 3)
                    .op("o", "ConvTranspose", List.of("w", "k"), "pads", List.of(0L, 0L, 0L, 1L)),
                1,
                2,
                3,
                4)),
        paddedPool("AveragePool"),
        Arguments.of(
            "LpPool",
            weighed(
                outputs(2, 2, 3).op("o", "LpPool", List.of("w"), "kernel_shape", TWO), 1, 2, 3, 4)),
        paddedPool("MaxPool"),
        Arguments.of(
            "Pad",
            weighed(
                outputs(2, 3, 5)
                    .constant("pads", sizes(0, 0, 1, 2, 0, 0, -1, -1))
                    .op("o", "Pad", List.of("w", "pads"), "mode", "reflect"),
                1,
                2,
                3,
                4)),
        Arguments.of(
            "Resize, antialiased",
            weighed(
                outputs(2, 2, 5)
                    .constant("sizes", sizes(1, 2, 2, 5))
                    .op(
                        "o",
                        "Resize",
                        List.of("w", "", "", "sizes"),
                        "mode",
                        "cubic",
                        "antialias",
                        1L),
                1,
                2,
                3,
                4)),
        Arguments.of(
            "LayerNormalization",
            weighed(
                outputs(3, 4).random("s", 4).op("o", "LayerNormalization", List.of("w", "s", "s")),
                1,
                3,
                4)),
        Arguments.of(
            "GroupNormalization",
            weighed(
                outputs(4, 3)
                    .random("s", 2)
                    .op("o", "GroupNormalization", List.of("w", "s", "s"), "num_groups", 2L),
                1,
                4,
                3)),
        Arguments.of(
            "RMSNormalization",
            weighed(
                outputs(3, 4).random("s", 4).op("o", "RMSNormalization", List.of("w", "s")),
                1,
                3,
                4)),
        Arguments.of(
            "LRN",
            weighed(
                outputs(4, 3).op("o", "LRN", List.of("w"), "size", 3L, "alpha", 0.9f), 1, 4, 3)),
        Arguments.of(
            "LpNormalization",
            weighed(outputs(3, 4).op("o", "LpNormalization", List.of("w")), 1, 3, 4)),
        Arguments.of(
            "MeanVarianceNormalization",
            weighed(
                outputs(2, 3, 3).op("o", "MeanVarianceNormalization", List.of("w")), 1, 2, 3, 3)),
        Arguments.of(
            "BatchNormalization in training mode",
            weighed(
                outputs(2, 5)
                    .random("s", 2)
                    .op(
                        "o",
                        "BatchNormalization",
                        List.of("w", "s", "s", "s", "s"),
                        "training_mode",
                        1L),
                1,
                2,
                5)),
        Arguments.of(
            "Einsum",
            weighed(
                outputs(3, 2)
                    .random("v", 4, 2)
                    .op("o", "Einsum", List.of("w", "v"), "equation", "nij,jk->nik"),
                1,
                3,
                4)),
        Arguments.of("RNN", recurrent("RNN", 1)),
        Arguments.of("GRU", recurrent("GRU", 3)),
        Arguments.of("LSTM", recurrent("LSTM", 4)));
  }

  private static Graph recurrent(String type, long gates) {
    return weighed(
        outputs(2, 2, 3)
            .random("i", 2, 3 * gates, 3)
            .random("r", 2, 3 * gates, 3)
            .op("o", type, List.of("w", "i", "r"), "direction", "bidirectional"),
        4,
        2,
        3);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("operators")
  void gradients_are_slopes(String name, Graph graph) {
    long[] sizes = graph.outputs().get(0).shape().fix(1).sizes();
    Tensor x = Net.data(5, sizes);
    float[] gradient = gradient(graph, x);
    float[] w = graph.initializer("w").floats();
    for (int i = 0; i < w.length; i++) {
      double slope = (sum(graph, x, w, i, STEP) - sum(graph, x, w, i, -STEP)) / (2 * STEP);
      assertThat((double) gradient[i])
          .as("%s, element %d", name, i)
          .isCloseTo(slope, org.assertj.core.api.Assertions.within(0.02 + 0.02 * Math.abs(slope)));
    }
  }

  private static double sum(Graph graph, Tensor x, float[] w, int index, float step) {
    float[] moved = w.clone();
    moved[index] += step;
    Graph other =
        graph.toBuilder()
            .initializer("w", Tensor.of(moved, graph.initializer("w").sizes()))
            .build();
    double sum = 0;
    for (float value : Runner.run(Simulation.of(other), Map.of("x", x)).get("y").floats()) {
      sum += value;
    }
    return sum;
  }

  private static float[] gradient(Graph graph, Tensor x) {
    try (NDManager manager = Programs.newManager()) {
      TrainableBlock block = new TrainableBlock(Simulation.of(graph), manager);
      try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
        NDList inputs = new NDList(Transfer.toArray(manager, x));
        NDArray y = block.forward(new ParameterStore(manager, false), inputs, true).head();
        collector.backward(y.sum());
      }
      return block.getParameters().values().stream()
          .filter(p -> p.getName().equals("w"))
          .findFirst()
          .orElseThrow()
          .getArray()
          .getGradient()
          .toFloatArray();
    }
  }
}
