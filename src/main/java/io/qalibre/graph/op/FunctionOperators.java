package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Functions of one number, of which the engine has one of the same kind. */
final class FunctionOperators {
  private static final List<String> OF_FLOATS =
      List.of(
          "Sqrt",
          "Reciprocal",
          "Exp",
          "Log",
          "Erf",
          "Sin",
          "Cos",
          "Tan",
          "Asin",
          "Acos",
          "Atan",
          "Sinh",
          "Cosh",
          "Asinh",
          "Acosh",
          "Atanh");

  /** Whole sizes stay as they are, also where a size that is not known stands for them. */
  private static final List<String> ROUNDING = List.of("Floor", "Ceil", "Round");

  static final List<Operator> ALL = all();

  private FunctionOperators() {}

  private static List<Operator> all() {
    List<Operator> operators = new ArrayList<>();
    OF_FLOATS.forEach(type -> operators.add(ofFloats(type, same(type)).build()));
    ROUNDING.forEach(
        type -> operators.add(ofFloats(type, same(type)).values(c -> c.values(0)).build()));
    operators.add(
        Operator.named("Neg")
            .fresh()
            .values(IndexArithmetic::negatives)
            .code(c -> Integers.wrap("torch.neg(" + c.input(0) + ")", c.type(0)))
            .build());
    operators.add(
        Operator.named("Abs")
            .fresh()
            .code(c -> Integers.wrap("torch.abs(" + c.input(0) + ")", c.type(0)))
            .build());
    operators.add(
        Operator.named("Sign").fresh().code(c -> "torch.sign(" + c.input(0) + ")").build());
    return List.copyOf(operators);
  }

  /** The engine's function of an operator's name: {@code torch.round}, too, rounds half to even. */
  private static String same(String type) {
    return "torch." + type.toLowerCase(Locale.ROOT) + "(%s)";
  }

  /** An operator that takes floats and gives as many. */
  static Operator.Builder ofFloats(String type, String expression) {
    return Operator.named(type)
        .fresh()
        .shape(
            c -> {
              InputTypes.require(c, DataType.FLOAT);
              return c.shape(0);
            })
        .code(c -> expression.formatted(c.input(0)));
  }
}
