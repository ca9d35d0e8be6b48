package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import java.util.Arrays;

/** Element types as programs compute with them, and ATen's numbers for them. */
final class Types {
  static final int INT64 = 4;
  static final int FLOAT = 6;
  static final int BOOL = 11;

  private static final int ONNX_FLOAT16 = 10;
  private static final int ONNX_DOUBLE = 11;
  private static final int ONNX_BFLOAT16 = 16;

  private Types() {}

  /**
   * ATen's number of the type that a program holds a tensor in. Unsigned integers wider than 8 bits
   * are held in the next wider signed type, which holds all their values; those of 64 bits wrap.
   */
  static int aten(DataType type) {
    return switch (type) {
      case UINT8, UINT4 -> 0;
      case INT8, INT4 -> 1;
      case FLOAT16 -> 5;
      case INT16, UINT16, INT32 -> 3;
      case INT64, UINT32, UINT64 -> INT64;
      case FLOAT -> FLOAT;
      case BOOL -> BOOL;
    };
  }

  /**
   * The type in which a graph holds an element type that an attribute names; every float is FLOAT.
   *
   * @param onnx ONNX's number of the element type
   * @throws io.qalibre.errors.QalibreException if it is not supported
   */
  static DataType held(NodeContext c, long onnx) {
    if (onnx == ONNX_FLOAT16 || onnx == ONNX_DOUBLE || onnx == ONNX_BFLOAT16) {
      return DataType.FLOAT;
    }
    return Arrays.stream(DataType.values())
        .filter(type -> type.onnx() == onnx && !type.storedOnly())
        .findFirst()
        .orElseThrow(() -> c.error("element type " + onnx + " is not supported"));
  }

  /** The device that a variable's tensor is on. */
  static String device(String variable) {
    return "ops.prim.device(" + variable + ")";
  }

  /** An expression converted to a type. */
  static String cast(String expression, int aten) {
    return "torch.to(%s, %d, False, False, None)".formatted(expression, aten);
  }
}
