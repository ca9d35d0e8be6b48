package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import java.util.List;
import java.util.function.IntPredicate;

/** Comparison, logic, and arithmetic on bits, with broadcasting. */
final class ComparisonOperators {
  static final List<Operator> ALL =
      List.of(
          binary("Equal", "torch.eq(%s, %s)")
              .type(DataType.BOOL)
              .values(c -> IndexArithmetic.fold(c, IndexArithmetic::equal))
              .build(),
          comparison("Greater", "torch.gt(%s, %s)", order -> order > 0),
          comparison("GreaterOrEqual", "torch.ge(%s, %s)", order -> order >= 0),
          comparison("Less", "torch.lt(%s, %s)", order -> order < 0),
          comparison("LessOrEqual", "torch.le(%s, %s)", order -> order <= 0),
          binary("And", "torch.logical_and(%s, %s)").build(),
          binary("Or", "torch.logical_or(%s, %s)").build(),
          binary("Xor", "torch.logical_xor(%s, %s)").build(),
          Operator.named("Not")
              .type(DataType.BOOL)
              .code(c -> "torch.logical_not(" + c.input(0) + ")")
              .build(),
          Operator.named("IsNaN")
              .type(DataType.BOOL)
              .code(c -> "torch.isnan(" + c.input(0) + ")")
              .build(),
          Operator.named("IsInf").type(DataType.BOOL).code(ComparisonOperators::isInf).build(),
          binary("BitwiseAnd", "torch.bitwise_and(%s, %s)").build(),
          binary("BitwiseOr", "torch.bitwise_or(%s, %s)").build(),
          binary("BitwiseXor", "torch.bitwise_xor(%s, %s)").build(),
          Operator.named("BitwiseNot")
              .code(c -> Integers.wrap("torch.bitwise_not(" + c.input(0) + ")", c.type(0)))
              .build(),
          Operator.named("BitShift")
              .shape(ElementwiseOperators::broadcastAll)
              .code(ComparisonOperators::shift)
              .build());

  private ComparisonOperators() {}

  private static Operator comparison(String type, String expression, IntPredicate order) {
    return binary(type, expression)
        .type(DataType.BOOL)
        .values(c -> IndexArithmetic.fold(c, IndexArithmetic.comparison(order)))
        .build();
  }

  private static Operator.Builder binary(String type, String expression) {
    return Operator.named(type)
        .shape(ElementwiseOperators::broadcastAll)
        .code(c -> expression.formatted(c.input(0), c.input(1)));
  }

  private static String isInf(CodeContext c) {
    boolean negative = c.attributes().flag("detect_negative", true);
    boolean positive = c.attributes().flag("detect_positive", true);
    String x = c.input(0);
    if (!negative && !positive) {
      return "torch.zeros_like(%s, dtype=%d)".formatted(x, Types.BOOL);
    }
    return "torch.%s(%s)"
        .formatted(negative && positive ? "isinf" : positive ? "isposinf" : "isneginf", x);
  }

  /**
   * ATen does with distances that are negative or not below the number of bits what ONNX wants, and
   * in a wider type the same: what is shifted out to the left is dropped afterwards.
   */
  private static String shift(CodeContext c) {
    String direction = c.attributes().text("direction", "");
    if (!direction.equals("LEFT") && !direction.equals("RIGHT")) {
      throw c.error("expected the direction LEFT or RIGHT, found `" + direction + "`");
    }
    String call =
        "torch.bitwise_%s_shift(%s, %s)"
            .formatted(direction.equals("LEFT") ? "left" : "right", c.input(0), c.input(1));
    return Integers.wrap(call, c.type(0));
  }
}
