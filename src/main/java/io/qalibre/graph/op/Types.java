package io.qalibre.graph.op;

import io.qalibre.graph.DataType;

/** Element types as programs compute with them, and ATen's numbers for them. */
final class Types {
  static final int INT64 = 4;
  static final int FLOAT = 6;
  static final int BOOL = 11;

  private Types() {}

  /**
   * ATen's number of the type that a program holds a tensor in. Unsigned integers wider than 8 bits
   * are held in the next wider signed type, which holds all their values; those of 64 bits wrap.
   */
  static int aten(DataType type) {
    return switch (type) {
      case UINT8 -> 0;
      case INT8 -> 1;
      case INT16, UINT16, INT32 -> 3;
      case INT64, UINT32, UINT64 -> INT64;
      case FLOAT -> FLOAT;
      case BOOL -> BOOL;
    };
  }

  /** An expression converted to a type. */
  static String cast(String expression, int aten) {
    return "torch.to(%s, %d, False, False, None)".formatted(expression, aten);
  }
}
