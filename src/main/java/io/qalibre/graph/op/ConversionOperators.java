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
              .codes(
                  c -> List.of(c.input(0), "torch.ones_like(" + c.input(0) + ", dtype=11)"))
              .preservesGrid()
              .build());

  private ConversionOperators() {}

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
