package io.qalibre.export;

import io.qalibre.graph.DataType;
import io.qalibre.graph.OperatorNode;
import io.qalibre.quant.Encoding;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The integers that QDQ files hold codes in, smaller ones first. */
enum CodeType {
  UINT4(DataType.UINT4, 4, false),
  INT4(DataType.INT4, 4, true),
  UINT8(DataType.UINT8, 8, false),
  INT8(DataType.INT8, 8, true),
  UINT16(DataType.UINT16, 16, false),
  INT16(DataType.INT16, 16, true);

  /** The most bits of a code. */
  static final int MOST_BITS = 16;

  private final DataType data;
  private final int bits;
  private final boolean signed;

  CodeType(DataType data, int bits, boolean signed) {
    this.data = data;
    this.bits = bits;
    this.signed = signed;
  }

  /**
   * The type of a number.
   *
   * @param node the node whose codes are of the type, for errors
   * @param onnx a number of ONNX's {@code TensorProto.DataType}
   * @throws io.qalibre.errors.QalibreException if a quantizer has no such codes
   */
  static CodeType of(OperatorNode node, int onnx) {
    return Arrays.stream(values())
        .filter(type -> type.data.onnx() == onnx)
        .findFirst()
        .orElseThrow(
            () ->
                QdqPairs.error(
                    node,
                    "codes of "
                        + Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", ")),
                    name(onnx)));
  }

  /**
   * The smallest type that holds codes of so many bits.
   *
   * @param bits 2 to {@link #MOST_BITS}
   */
  static CodeType holding(int bits, boolean signed) {
    return Arrays.stream(values())
        .filter(type -> type.signed == signed && type.bits >= bits)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no type for " + bits + " bits"));
  }

  /**
   * The type that a computed tensor's codes have: of 8 or 16 bits. With its optimizations ONNX
   * Runtime 1.23 refuses networks in which computed codes of 4 bits come from a Clip or go through
   * a MaxPool, and no kernel of it computes with them.
   *
   * @param bits 2 to {@link #MOST_BITS}
   */
  static CodeType ofComputed(int bits, boolean signed) {
    return holding(Math.max(UINT8.bits, bits), signed);
  }

  /** The element type of tensors of such codes. */
  DataType data() {
    return data;
  }

  int bits() {
    return bits;
  }

  /** The largest code in the unsigned view. */
  long steps() {
    return (1L << bits) - 1;
  }

  /** Whether the codes of a grid, stored without a zero point, fit into the type. */
  boolean fits(Encoding grid) {
    return grid.offset() >= -middle() && grid.offset() + grid.steps() <= steps() - middle();
  }

  /** Whether zero points are 0, and codes negative below it. */
  boolean signed() {
    return signed;
  }

  /** The code of the unsigned view that a stored zero is: 0, or half of all for signed types. */
  long middle() {
    return signed ? 1L << (bits - 1) : 0;
  }

  private static String name(int onnx) {
    return switch (onnx) {
      case 6 -> "INT32";
      case 17, 18, 19, 20 -> "a FLOAT8 type";
      case 23 -> "FLOAT4E2M1";
      default -> "ONNX's element type " + onnx;
    };
  }
}
