package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import java.util.List;
import java.util.Optional;

/** Operators that change the element type, or nothing outside training. */
final class ConversionOperators {
  /** ONNX's numbers of the floats of 16 bits, which a Cast rounds to. */
  private static final int FLOAT16 = 10;

  private static final int BFLOAT16 = 16;

  /** The operator set since which Dropout's mask is of truth values. */
  private static final int BOOL_MASK_SINCE = 10;

  static final List<Operator> ALL =
      List.of(
          Operator.named("Cast")
              .type((c, output) -> target(c))
              .values(c -> IndexArithmetic.converted(c, target(c)))
              .code(ConversionOperators::cast)
              .preservesGrid()
              .build(),
          Operator.named("CastLike")
              .type((c, output) -> c.type(1))
              .values(c -> IndexArithmetic.converted(c, c.type(1)))
              .code(c -> convert(c, c.input(0), c.type(1)))
              .preservesGrid()
              .build(),
          Operator.named("Dropout")
              .shapes(c -> List.of(c.shape(0), c.shape(0)))
              .type(
                  (c, output) ->
                      output == 0 || c.opset() < BOOL_MASK_SINCE ? c.type(0) : DataType.BOOL)
              .codes(ConversionOperators::dropout)
              .preservesGrid()
              .build());

  /** Says that a Dropout that is told to train only when data come would drop elements. */
  private static final ScriptMethod REFUSE_DROPPING =
      new ScriptMethod(
          "refuse_dropping",
          """
            def refuse_dropping(self: __torch__.M,
              x: Tensor,
              training: bool,
              ratio: float,
              message: str) -> Tensor:
              if training:
                drops = torch.ne(ratio, 0.)
              else:
                drops = False
              if drops:
                ops.prim.RaiseException(message, "builtins.RuntimeError")
              else:
                pass
              return x
          """);

  private ConversionOperators() {}

  private static DataType target(NodeContext c) {
    return Types.held(c, c.attributes().integer("to", 0));
  }

  /** Programs hold every float in 32 bits; 16-bit targets round on the way. */
  private static String cast(CodeContext c) {
    long to = c.attributes().integer("to", 0);
    if (to == FLOAT16 || to == BFLOAT16) {
      return Types.cast(Types.cast(c.input(0), to == FLOAT16 ? 5 : 15), Types.FLOAT);
    }
    return convert(c, c.input(0), target(c));
  }

  /** Integers lose the bits that their new type does not hold; of floats the fraction is lost. */
  private static String convert(CodeContext c, String x, DataType to) {
    String converted = Types.cast(x, Types.aten(to));
    return c.type(0) == to ? converted : Integers.wrap(converted, to);
  }

  private static List<String> dropout(CodeContext c) {
    String mask =
        "torch.ones_like(%s, dtype=%d)"
            .formatted(c.input(0), c.opset() < BOOL_MASK_SINCE ? Types.FLOAT : Types.BOOL);
    boolean drops = c.dropsOut() && c.node().outputs().size() == 1;
    return List.of(drops ? dropping(c) : kept(c), mask);
  }

  /** While a network is trained, elements become 0 at random and the others grow to make up. */
  private static String dropping(CodeContext c) {
    return "torch.dropout(%s, %s, True)".formatted(c.input(0), ratio(c, constantRatio(c)));
  }

  /** An input since opset 12, an attribute before. */
  private static Optional<Float> constantRatio(CodeContext c) {
    return c.has(1)
        ? c.constant(1).map(value -> value.floats()[0])
        : Optional.of(c.attributes().number("ratio", 0.5f));
  }

  private static String ratio(CodeContext c, Optional<Float> constant) {
    return constant.map(Literals::number).orElseGet(() -> "float(" + c.input(1) + ")");
  }

  /**
   * The input as it is. Since opset 12 a node may ask to drop elements at random, which would give
   * another answer at every run.
   */
  private static String kept(CodeContext c) {
    Optional<Boolean> training =
        c.has(2) ? c.constant(2).map(flag -> flag.longs()[0] != 0) : Optional.of(false);
    Optional<Float> ratio = constantRatio(c);
    if (training.equals(Optional.of(false)) || ratio.equals(Optional.of(0f))) {
      return c.input(0);
    }
    String message = "it drops elements at random; export the network in evaluation mode";
    if (training.isPresent() && ratio.isPresent()) {
      throw c.error("with training_mode and a ratio of " + ratio.get() + " " + message);
    }
    c.method(REFUSE_DROPPING);
    return "(self).refuse_dropping(%s, %s, %s, \"%s\", )"
        .formatted(
            c.input(0),
            training.isPresent() ? "True" : "bool(" + c.input(2) + ")",
            ratio(c, ratio),
            "Dropout: " + message);
  }
}
