package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.BinaryOperator;

/** Arithmetic on several tensors with broadcasting. */
final class ElementwiseOperators {
  static final List<Operator> ALL =
      List.of(
          folded("Add", "torch.add(%s, %s)", IndexArithmetic::add),
          folded("Sub", "torch.sub(%s, %s)", IndexArithmetic::subtract),
          folded("Mul", "torch.mul(%s, %s)", IndexArithmetic::multiply),
          folded("Min", "torch.minimum(%s, %s)", IndexArithmetic::min),
          folded("Max", "torch.maximum(%s, %s)", IndexArithmetic::max),
          folded("Sum", "torch.add(%s, %s)", IndexArithmetic::add),
          Operator.named("Mean")
              .fresh()
              .shape(
                  c -> {
                    InputTypes.require(c, DataType.FLOAT);
                    return broadcastAll(c);
                  })
              .code(
                  c ->
                      "torch.div(%s, %d)"
                          .formatted(fold(c, "torch.add(%s, %s)"), c.node().inputs().size()))
              .build(),
          Operator.named("Div")
              .fresh()
              .shape(ElementwiseOperators::broadcastAll)
              .values(IndexArithmetic::quotient)
              .code(ElementwiseOperators::div)
              .build(),
          Operator.named("Mod")
              .fresh()
              .shape(ElementwiseOperators::broadcastAll)
              .values(
                  c -> IndexArithmetic.fold(c, (a, b) -> IndexArithmetic.remainder(a, b, fmod(c))))
              .code(
                  c ->
                      "torch.%s(%s, %s)"
                          .formatted(fmod(c) ? "fmod" : "remainder", c.input(0), c.input(1)))
              .build(),
          Operator.named("Pow")
              .fresh()
              .shape(c -> broadcast(c, c.shape(0), c.shape(1)))
              .code(ElementwiseOperators::pow)
              .build());

  private ElementwiseOperators() {}

  /** An operator that takes inputs two by two, from the first to the last. */
  private static Operator folded(
      String type, String expression, BinaryOperator<IndexValue> onSizes) {
    return Operator.named(type)
        .fresh()
        .shape(ElementwiseOperators::broadcastAll)
        .values(c -> IndexArithmetic.fold(c, onSizes))
        .code(c -> fold(c, expression))
        .build();
  }

  private static String fold(CodeContext c, String expression) {
    int inputs = c.node().inputs().size();
    if (inputs == 1) {
      return "torch.clone(" + c.input(0) + ")";
    }
    String result = c.input(0);
    for (int i = 1; i < inputs; i++) {
      result = expression.formatted(result, c.input(i));
    }
    return Integers.wrap(result, c.type(0));
  }

  private static boolean fmod(NodeContext c) {
    return c.attributes().flag("fmod", false);
  }

  private static String div(CodeContext c) {
    return c.type(0) == DataType.FLOAT
        ? "torch.div(%s, %s)".formatted(c.input(0), c.input(1))
        : Integers.wrap(
            "torch.div(%s, %s, rounding_mode=\"trunc\")".formatted(c.input(0), c.input(1)),
            c.type(0));
  }

  /** Base and exponent may differ in type since opset 12; the result is of the base's. */
  private static String pow(CodeContext c) {
    DataType base = c.type(0);
    String x = c.input(0);
    if (base == DataType.FLOAT) {
      return "torch.pow(%s, %s)".formatted(x, exponent(c));
    }
    if (c.type(1) != DataType.FLOAT) {
      String exponent = Types.cast(c.input(1), Types.aten(base));
      return Integers.wrap("torch.pow(%s, %s)".formatted(x, exponent), base);
    }
    return Integers.inFloats(
        x, base, y -> "torch.pow(%s, %s)".formatted(y, Integers.asDouble(c.input(1))));
  }

  /** A constant exponent is a number: ATen squares and takes roots without a power. */
  private static String exponent(CodeContext c) {
    Optional<Tensor> single =
        c.constant(1).filter(t -> t.size() == 1 && t.rank() <= c.shape(0).rank());
    if (single.isEmpty()) {
      return Types.cast(c.input(1), Types.FLOAT);
    }
    return single.get().type() == DataType.FLOAT
        ? Literals.number(single.get().floats()[0])
        : Long.toString(single.get().longs()[0]);
  }

  /** The shape of all inputs broadcast against each other; they have to be of one type. */
  static TensorShape broadcastAll(ShapeContext c) {
    InputTypes.requireAlike(c);
    TensorShape shape = c.shape(0);
    for (int i = 1; i < c.node().inputs().size(); i++) {
      shape = broadcast(c, shape, c.shape(i));
    }
    return shape;
  }

  /** The shape of two broadcast against each other, aligned at the last axis. */
  static TensorShape broadcast(NodeContext c, TensorShape a, TensorShape b) {
    int rank = Math.max(a.rank(), b.rank());
    List<Dim> dims = new ArrayList<>();
    for (int i = 1; i <= rank; i++) {
      Dim x = i <= a.rank() ? a.dim(-i) : Dim.of(1);
      Dim y = i <= b.rank() ? b.dim(-i) : Dim.of(1);
      if (x.known() && y.known() && x.size() != y.size() && x.size() != 1 && y.size() != 1) {
        throw c.error("shapes " + a + " and " + b + " do not broadcast");
      }
      dims.add(x.equals(y) || isOne(y) || (x.known() && !isOne(x)) ? x : y);
    }
    Collections.reverse(dims);
    return new TensorShape(dims);
  }

  private static boolean isOne(Dim dim) {
    return dim.known() && dim.size() == 1;
  }
}
