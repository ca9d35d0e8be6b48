package io.qalibre.export;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.OperatorNode;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The integers that QDQ files hold codes in, with the numbers ONNX gives their types. */
enum CodeType {
  UINT8(2, 8, false),
  INT8(3, 8, true),
  UINT16(4, 16, false),
  INT16(5, 16, true);

  private final int onnx;
  private final int bits;
  private final boolean signed;

  CodeType(int onnx, int bits, boolean signed) {
    this.onnx = onnx;
    this.bits = bits;
    this.signed = signed;
  }

  /**
   * The type of a number.
   *
   * @param node the node whose codes are of the type, for errors
   * @param onnx a number of ONNX's {@code TensorProto.DataType}
   * @throws QalibreException if a quantizer has no such codes
   */
  static CodeType of(OperatorNode node, int onnx) {
    return Arrays.stream(values())
        .filter(type -> type.onnx == onnx)
        .findFirst()
        .orElseThrow(
            () ->
                QdqPairs.error(
                    node,
                    "codes of "
                        + Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", ")),
                    name(onnx)));
  }

  int onnx() {
    return onnx;
  }

  int bits() {
    return bits;
  }

  /** The code of the unsigned view that a stored zero is: 0, or half of all for signed types. */
  long middle() {
    return signed ? 1L << (bits - 1) : 0;
  }

  private static String name(int onnx) {
    return switch (onnx) {
      case 6 -> "INT32";
      case 17, 18, 19, 20 -> "a FLOAT8 type";
      case 21 -> "UINT4";
      case 22 -> "INT4";
      case 23 -> "FLOAT4E2M1";
      default -> "ONNX's element type " + onnx;
    };
  }
}
