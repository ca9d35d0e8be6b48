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
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients through single operators, beside central differences of what they compute. */
class TrainableBlock_gradientsElementwise_Test {
  private static final float STEP = 1e-3f;
  private static final List<String> W = List.of("w");
  private final NDManager manager = Programs.newManager();

  @AfterEach
  void close() {
    manager.close();
  }

  /** The weights lie off the corners of all functions, and inside of their domains. */
  private static Net weights(float... values) {
    return Net.input(4).constant("w", Tensor.of(values, 1, values.length));
  }

  private static Net around() {
    return weights(-1.3f, -0.4f, 0.3f, 1.7f);
  }

  private static Net positive() {
    return weights(0.2f, 0.7f, 1.3f, 2.1f);
  }

  private static Net within() {
    return weights(-0.6f, -0.2f, 0.3f, 0.7f);
  }

  private static Arguments of(String type, Net net, Object... attributes) {
    return Arguments.of(type, net.op("y", type, W, attributes));
  }

  private static Arguments with(String type, Net net, float... other) {
    return Arguments.of(
        type,
        net.constant("v", Tensor.of(other, 1, other.length)).op("y", type, List.of("w", "v")));
  }

  static Stream<Arguments> functions() {
    return Stream.of(
            Stream.of(
                    "Neg Abs Exp Erf Sin Cos Atan Sinh Cosh Asinh Sigmoid Tanh Softplus Softsign Mish"
                        + " Gelu HardSwish HardSigmoid Relu LeakyRelu Elu Celu Selu Swish Shrink"
                        + " ThresholdedRelu Softmax LogSoftmax Identity Trilu")
                .flatMap(names -> Stream.of(names.split(" ")))
                .map(type -> of(type, around())),
            Stream.of("Asin", "Acos", "Atanh", "Tan").map(type -> of(type, within())),
            Stream.of("Sqrt", "Reciprocal", "Log").map(type -> of(type, positive())),
            Stream.of("ReduceSum", "ReduceMean", "ReduceProd", "ReduceMax", "ReduceMin")
                .map(type -> of(type, around(), "axes", List.of(1L))),
            Stream.of("ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp")
                .map(type -> of(type, around(), "axes", List.of(1L))),
            Stream.of("Add", "Sub", "Mul", "Div", "Min", "Max", "Sum", "Mean", "PRelu")
                .map(type -> with(type, around(), 0.5f, -0.7f, 1.1f, 0.9f)),
            Stream.of(
                of("ReduceLogSum", positive()),
                of("Acosh", weights(1.2f, 1.5f, 2, 3)),
                of("Gelu", around(), "approximate", "tanh"),
                of("Swish", around(), "alpha", 1.7f),
                of("Clip", around(), "min", -1f, "max", 1f),
                of("Clip", around(), "max", 1f),
                with("Pow", positive(), 1.5f, 2, -1, 0.5f),
                with("PRelu", around(), 0.25f),
                Arguments.of(
                    "Pow of a number",
                    around().constant("two", Tensor.scalar(2)).op("y", "Pow", List.of("w", "two"))),
                Arguments.of(
                    "Clip by weights",
                    around()
                        .constant("low", Tensor.scalar(-1))
                        .constant("high", Tensor.scalar(1.2f))
                        .op("l", "Exp", List.of("low"))
                        .op("h", "Exp", List.of("high"))
                        .op("y", "Clip", List.of("w", "l", "h"))),
                Arguments.of(
                    "CumSum",
                    around()
                        .constant("axis", Tensor.of(new long[] {1}))
                        .op("y", "CumSum", List.of("w", "axis"), "exclusive", 1L, "reverse", 1L)),
                Arguments.of(
                    "CumProd",
                    around()
                        .constant("axis", Tensor.of(new long[] {1}))
                        .op("y", "CumProd", List.of("w", "axis")))))
        .flatMap(s -> s);
  }

  @ParameterizedTest(name = "{index} {0}")
  @MethodSource("functions")
  void are_those_of_the_function(String what, Net net) {
    // Each output counts differently, so that none makes up for another.
    Graph graph =
        net.op("counted", "Mul", List.of("x", "y"))
            .op("loss", "ReduceSum", List.of("counted"))
            .build("loss");
    Tensor x = Tensor.of(new float[] {0.9f, -0.6f, 1.3f, 0.7f}, 1, 4);

    Map<String, float[]> gradients = gradients(graph, x);

    assertThat(gradients).containsKey("w");
    gradients.forEach(
        (weight, found) -> {
          float[] values = graph.initializer(weight).floats();
          for (int i = 0; i < values.length; i++) {
            double rise = loss(graph, x, weight, i, STEP) - loss(graph, x, weight, i, -STEP);
            assertThat((double) found[i])
                .as("%s, %s[%d]", what, weight, i)
                .isCloseTo(rise / (2 * STEP), Offset.offset(2e-3));
          }
        });
  }

  private static double loss(Graph graph, Tensor x, String weight, int index, float step) {
    Tensor value = graph.initializer(weight);
    float[] moved = value.floats();
    moved[index] += step;
    Graph changed = graph.withInitializers(Map.of(weight, Tensor.of(moved, value.sizes())));
    return Runner.run(Simulation.of(changed), Map.of("x", x)).get("loss").floats()[0];
  }

  private Map<String, float[]> gradients(Graph graph, Tensor x) {
    TrainableBlock block = new TrainableBlock(Simulation.of(graph), manager);
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      NDArray input = Transfer.toArray(manager, x);
      NDArray loss =
          block.forward(new ParameterStore(manager, false), new NDList(input), true).head();
      collector.backward(loss.sum());
    }
    Map<String, float[]> gradients = new TreeMap<>();
    block
        .getParameters()
        .forEach(
            p -> {
              NDArray array = p.getValue().getArray();
              if (array.hasGradient()) {
                gradients.put(p.getValue().getName(), array.getGradient().toFloatArray());
              }
            });
    return gradients;
  }
}
