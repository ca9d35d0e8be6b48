package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Tensor;
import java.util.List;
import java.util.Map;

/** Arithmetic and comparisons with broadcasting, functions of single values, matrix products. */
final class ArithmeticCalls {
  private ArithmeticCalls() {}

  static void addTo(CallTable calls) {
    binary(calls, "add", "Add");
    binary(calls, "sub", "Sub");
    binary(calls, "mul", "Mul");
    binary(calls, "div", "Div");
    // In place: the array holds the result from then on.
    calls.add("addi", c -> binary(c, "add", "Add"));
    calls.add("subi", c -> binary(c, "sub", "Sub"));
    calls.add("muli", c -> binary(c, "mul", "Mul"));
    calls.add("divi", c -> binary(c, "div", "Div"));
    binary(calls, "pow", "Pow");
    binary(calls, "eq", "Equal");
    binary(calls, "gt", "Greater");
    binary(calls, "gte", "GreaterOrEqual");
    binary(calls, "lt", "Less");
    binary(calls, "lte", "LessOrEqual");
    binary(calls, "logicalAnd", "And");
    binary(calls, "logicalOr", "Or");
    calls.function("logicalNot", "Not");
    calls.function("exp", "Exp");
    calls.function("log", "Log");
    calls.function("sqrt", "Sqrt");
    calls.function("abs", "Abs");
    calls.function("neg", "Neg");
    calls.function("sign", "Sign");
    calls.function("floor", "Floor");
    calls.function("ceil", "Ceil");
    calls.function("round", "Round");
    calls.function("sin", "Sin");
    calls.function("cos", "Cos");
    calls.add("square", ArithmeticCalls::square);
    calls.add("toType", ArithmeticCalls::toType);
    calls.add("where", ArithmeticCalls::where);
    calls.add("matMul", c -> product(c, c.argument(0, NDArray.class)));
    calls.add("dot", ArithmeticCalls::dot);
    calls.add("batchDot", c -> product(c, c.argument(0, NDArray.class)));
  }

  private static void binary(CallTable calls, String method, String type) {
    calls.add(method, c -> binary(c, method, type));
  }

  /** An operator on the array and the first argument, an array or a number. */
  static String binary(TracedCall c, String prefix, String type) {
    String node = c.trace().next(prefix);
    NDArray self = c.self();
    DataType operands = operandType(c);
    if (!c.is(0, NDArray.class)) {
      String own = Casts.as(c.trace(), self, c.trace().tensor(self, node), operands);
      String constant = c.trace().constant(node + ".constant", number(c, operands));
      return c.trace().node(node, type, List.of(own, constant), Map.of());
    }
    NDArray other = c.argument(0, NDArray.class);
    String own = BatchConstants.operand(c.trace(), self, other, node);
    String beside = BatchConstants.operand(c.trace(), other, self, node);
    return c.trace()
        .node(
            node,
            type,
            List.of(
                Casts.as(c.trace(), self, own, operands),
                Casts.as(c.trace(), other, beside, operands)),
            Map.of());
  }

  /** The type that both operands are converted to: the result's, but for comparisons. */
  private static DataType operandType(TracedCall c) {
    DataType result = Casts.type(c.result());
    if (result != DataType.BOOL) {
      return result;
    }
    DataType self = Casts.type(c.self());
    DataType other = self;
    if (c.is(0, NDArray.class)) {
      other = Casts.type(c.argument(0, NDArray.class));
    } else if (c.is(0, Float.class) || c.is(0, Double.class)) {
      other = DataType.FLOAT;
    }
    return other == DataType.FLOAT ? other : self;
  }

  private static Tensor number(TracedCall c, DataType type) {
    return type == DataType.FLOAT
        ? Tensor.scalar(c.number(0))
        : Tensor.ofIntegers(type, new long[] {c.argument(0, Number.class).longValue()});
  }

  private static String square(TracedCall c) {
    String node = c.trace().next("square");
    return c.node(node, "Mul", List.of(c.trace().tensor(c.self(), node)), Map.of());
  }

  private static String toType(TracedCall c) {
    String tensor = c.trace().tensor(c.self(), "cast");
    return Casts.as(c.trace(), c.self(), tensor, Casts.type(c.result()));
  }

  /** The array where a condition holds, the other argument elsewhere. */
  private static String where(TracedCall c) {
    String node = c.trace().next("where");
    return c.trace()
        .node(
            node,
            "Where",
            List.of(c.tensor(0, node), c.trace().tensor(c.self(), node), c.tensor(1, node)),
            Map.of());
  }

  private static String product(TracedCall c, NDArray other) {
    String node = c.trace().next("matmul");
    return c.trace()
        .node(
            node,
            "MatMul",
            List.of(
                BatchConstants.operand(c.trace(), c.self(), other, node),
                BatchConstants.operand(c.trace(), other, c.self(), node)),
            Map.of());
  }

  private static String dot(TracedCall c) {
    NDArray other = c.argument(0, NDArray.class);
    if (c.self().getShape().dimension() != 2 || other.getShape().dimension() != 2) {
      throw c.untraceable(
          "expected two matrices, found " + c.self().getShape() + " and " + other.getShape());
    }
    return product(c, other);
  }
}
