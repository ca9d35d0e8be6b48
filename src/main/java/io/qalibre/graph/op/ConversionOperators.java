package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import java.util.Arrays;
import java.util.List;

/** Operators that change the element type, or nothing outside training. */
final class ConversionOperators {
  /** ONNX's numbers of the floating types that a graph holds as FLOAT. */
  private static final int FLOAT16 = 10;

  private static final int DOUBLE = 11;
  private static final int BFLOAT16 = 16;

  static final List<Operator> ALL =
      List.of(
          Operator.named("Cast")
              .type((c, output) -> target(c))
              .values(c -> c.values(0))
              .code(ConversionOperators::cast)
              .preservesGrid()
              .build(),
          Operator.named("Dropout")
              .shapes(c -> List.of(c.shape(0), c.shape(0)))
              .type((c, output) -> output == 0 ? c.type(0) : DataType.BOOL)
              .codes(ConversionOperators::dropout)
              .preservesGrid()
              .build());

  private ConversionOperators() {}

  /** While a network is trained, elements become 0 at random and the others grow to make up. */
  private static List<String> dropout(CodeContext c) {
    boolean drops = c.dropsOut() && c.node().outputs().size() == 1;
    String data =
        drops ? "torch.dropout(%s, %s, True)".formatted(c.input(0), ratio(c)) : c.input(0);
    return List.of(data, "torch.ones_like(" + c.input(0) + ", dtype=11)");
  }

  /** The share that is dropped: an input since opset 12, an attribute before. */
  private static float ratio(NodeContext c) {
    return c.has(1) ? c.required(1).floats()[0] : c.attributes().number("ratio", 0.5f);
  }

  private static DataType target(NodeContext c) {
    long to = c.attributes().integer("to", 0);
    if (to == FLOAT16 || to == DOUBLE || to == BFLOAT16) {
      return DataType.FLOAT;
    }
    return Arrays.stream(DataType.values())
        .filter(type -> type.onnx() == to)
        .findFirst()
        .orElseThrow(() -> c.error("element type " + to + " is not supported"));
  }

  /** Programs hold every float in 32 bits; 16-bit targets round on the way. */
  private static String cast(CodeContext c) {
    long to = c.attributes().integer("to", 0);
    String x = c.input(0);
    if (to == FLOAT16 || to == BFLOAT16) {
      x = Types.cast(x, to == FLOAT16 ? 5 : 15);
    }
    return Types.cast(x, Types.aten(target(c)));
  }
}
