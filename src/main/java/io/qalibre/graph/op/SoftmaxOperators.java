package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import java.util.List;
import java.util.function.BiFunction;

/**
 * Softmax and its like. Since opset 13 they work along one axis, the last by default; before, along
 * all axes from the given one on, axis 1 by default.
 */
final class SoftmaxOperators {
  private static final int ONE_AXIS_SINCE = 13;

  static final List<Operator> ALL =
      List.of(
          along("Softmax", "torch.softmax(%s, %d)"::formatted),
          along("LogSoftmax", "torch.log_softmax(%s, %d)"::formatted),
          along(
              "Hardmax",
              // ATen's argmax gives the first of several, as Hardmax wants it.
              (x, axis) ->
                  "torch.scatter(torch.zeros_like(%1$s), %2$d, torch.argmax(%1$s, %2$d, True), 1.)"
                      .formatted(x, axis)));

  private SoftmaxOperators() {}

  private static Operator along(String type, BiFunction<String, Integer, String> expression) {
    return Operator.named(type)
        .fresh()
        .shape(
            c -> {
              InputTypes.require(c, DataType.FLOAT);
              axis(c);
              return c.shape(0);
            })
        .code(c -> code(c, expression))
        .build();
  }

  private static int axis(NodeContext c) {
    int rank = c.shape(0).rank();
    long otherwise = c.opset() < ONE_AXIS_SINCE ? 1 : -1;
    return Axes.axis(c, c.attributes().integer("axis", otherwise), rank);
  }

  private static String code(CodeContext c, BiFunction<String, Integer, String> expression) {
    int axis = axis(c);
    String x = c.input(0);
    if (c.opset() >= ONE_AXIS_SINCE || axis == c.shape(0).rank() - 1) {
      return expression.apply(x, axis);
    }
    String flat = c.let("torch.flatten(%s, %d, -1)".formatted(x, axis));
    return "torch.reshape(%s, torch.size(%s))".formatted(expression.apply(flat, axis), x);
  }
}
