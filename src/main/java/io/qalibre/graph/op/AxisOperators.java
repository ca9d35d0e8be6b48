package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.List;

/** Operators along one axis: where its extremes are, and its sums and products so far. */
final class AxisOperators {
  static final List<Operator> ALL =
      List.of(
          position("ArgMax", "argmax"),
          position("ArgMin", "argmin"),
          cumulative("CumSum", "cumsum", "zeros_like"),
          cumulative("CumProd", "cumprod", "ones_like"));

  private AxisOperators() {}

  private static Operator position(String type, String function) {
    return Operator.named(type)
        .shape(AxisOperators::positionShape)
        .type(DataType.INT64)
        .code(c -> position(c, function))
        .build();
  }

  private static int axis(NodeContext c, long axis) {
    int rank = c.shape(0).rank();
    return Axes.axis(c, axis, rank);
  }

  private static boolean keeps(NodeContext c) {
    return c.attributes().flag("keepdims", true);
  }

  private static TensorShape positionShape(ShapeContext c) {
    int axis = axis(c, c.attributes().integer("axis", 0));
    if (keeps(c)) {
      return c.shape(0).with(axis, Dim.of(1));
    }
    List<Dim> dims = new ArrayList<>(c.shape(0).dims());
    dims.remove(axis);
    return new TensorShape(dims);
  }

  /** ATen gives the first of equal ones; the last is the first from the other end. */
  private static String position(CodeContext c, String function) {
    int axis = axis(c, c.attributes().integer("axis", 0));
    String x = c.input(0);
    String keeps = Literals.flag(keeps(c));
    if (!c.attributes().flag("select_last_index", false)) {
      return "torch.%s(%s, %d, %s)".formatted(function, x, axis, keeps);
    }
    String last = c.let("torch.sub(torch.size(%s, %d), 1)".formatted(x, axis));
    return "torch.add(torch.neg(torch.%s(torch.flip(%s, [%d]), %d, %s)), %s)"
        .formatted(function, x, axis, axis, keeps, last);
  }

  private static Operator cumulative(String type, String function, String neutral) {
    return Operator.named(type)
        .shape(
            c -> {
              c.longs(1).ifPresent(axis -> axis(c, axis[0]));
              return c.shape(0);
            })
        .code(c -> cumulative(c, function, neutral))
        .build();
  }

  private static String cumulative(CodeContext c, String function, String neutral) {
    boolean reverse = c.attributes().flag("reverse", false);
    String axis = c.integer(1);
    String x = reverse ? c.let(flipped(c.input(0), axis)) : c.input(0);
    String result =
        "torch.%s(%s, %s, dtype=%d)".formatted(function, x, axis, Types.aten(c.type(0)));
    if (c.attributes().flag("exclusive", false)) {
      // Each place gets what is before it, and the first one nothing.
      result =
          "torch.cat([torch.%s(torch.slice(%s, %s, 0, 1, 1)), torch.slice(%s, %s, 0, -1, 1)], %s)"
              .formatted(neutral, x, axis, c.let(result), axis, axis);
    }
    return Integers.wrap(reverse ? flipped(result, axis) : result, c.type(0));
  }

  private static String flipped(String x, String axis) {
    return "torch.flip(%s, [%s])".formatted(x, axis);
  }
}
