package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Activations and bounds: one value in, one value out. */
final class ActivationCalls {
  private ActivationCalls() {}

  static void addTo(CallTable calls) {
    calls.function("relu", "Relu");
    calls.function("sigmoid", "Sigmoid");
    calls.function("tanh", "Tanh");
    calls.function("softPlus", "Softplus");
    calls.function("softSign", "Softsign");
    calls.function("selu", "Selu");
    calls.function("gelu", "Gelu");
    calls.function("erf", "Erf");
    calls.add("leakyRelu", c -> withAlpha(c, "leakyrelu", "LeakyRelu"));
    calls.add("elu", c -> withAlpha(c, "elu", "Elu"));
    calls.add("swish", ActivationCalls::swish);
    calls.add("mish", ActivationCalls::mish);
    calls.add("clip", ActivationCalls::clip);
    calls.add("minimum", c -> extreme(c, "min", false));
    calls.add("maximum", c -> extreme(c, "max", true));
    calls.add("softmax", c -> axisFunction(c, "softmax", "Softmax"));
    calls.add("logSoftmax", c -> axisFunction(c, "logsoftmax", "LogSoftmax"));
  }

  private static String withAlpha(TracedCall c, String prefix, String type) {
    return c.node(c.trace().next(prefix), type, List.of(), Map.of("alpha", c.number(0)));
  }

  /** x · sigmoid(βx). */
  private static String swish(TracedCall c) {
    String node = c.trace().next("swish");
    String x = c.trace().tensor(c.self(), node);
    String scaled = x;
    if (c.number(0) != 1) {
      String beta = c.trace().constant(node + ".beta", Tensor.scalar(c.number(0)));
      scaled = c.trace().node(node + ".scaled", "Mul", List.of(x, beta), Map.of());
    }
    String gate = c.trace().node(node + ".sigmoid", "Sigmoid", List.of(scaled), Map.of());
    return c.trace().node(node, "Mul", List.of(x, gate), Map.of());
  }

  /** As DJL computes it: x · tanh(log₂(1 + eˣ)), where the paper and ONNX's Mish have ln. */
  private static String mish(TracedCall c) {
    Trace trace = c.trace();
    String node = trace.next("mish");
    String x = trace.tensor(c.self(), node);
    String scale = trace.constant(node + ".scale", Tensor.scalar((float) (1 / Math.log(2))));
    String natural = trace.node(node + ".softplus", "Softplus", List.of(x), Map.of());
    String scaled = trace.node(node + ".scaled", "Mul", List.of(natural, scale), Map.of());
    String gate = trace.node(node + ".tanh", "Tanh", List.of(scaled), Map.of());
    return trace.node(node, "Mul", List.of(x, gate), Map.of());
  }

  private static String clip(TracedCall c) {
    return clip(c, c.trace().tensor(c.self(), "clip"), c.number(0), c.number(1));
  }

  /** The smaller of a number and each value; of a ReLU's the two make one clip, such as ReLU6. */
  private static String atMost(TracedCall c, float high) {
    String tensor = c.trace().tensor(c.self(), "clip");
    Optional<OperatorNode> relu =
        c.trace().producer(tensor).filter(node -> node.type().equals("Relu") && high > 0);
    return relu.isPresent() ? clip(c, relu.get().input(0), 0f, high) : clip(c, tensor, null, high);
  }

  private static String clip(
      TracedCall c, String tensor, @Nullable Float low, @Nullable Float high) {
    String node = c.trace().next("clip");
    List<String> reads = new ArrayList<>(List.of(tensor, bound(c, node + ".min", low)));
    if (high != null) {
      reads.add(bound(c, node + ".max", high));
    }
    return c.trace().node(node, "Clip", reads, Map.of());
  }

  private static String bound(TracedCall c, String name, @Nullable Float value) {
    return value == null ? "" : c.trace().constant(name, Tensor.scalar(value));
  }

  private static String extreme(TracedCall c, String method, boolean largest) {
    if (c.is(0, NDArray.class)) {
      return ArithmeticCalls.binary(c, method, largest ? "Max" : "Min");
    }
    return largest
        ? clip(c, c.trace().tensor(c.self(), "clip"), c.number(0), null)
        : atMost(c, c.number(0));
  }

  private static String axisFunction(TracedCall c, String prefix, String type) {
    long axis = c.argument(0, Integer.class);
    return c.node(c.trace().next(prefix), type, List.of(), Map.of("axis", axis));
  }
}
