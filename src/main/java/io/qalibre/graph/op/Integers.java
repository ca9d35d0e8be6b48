package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import java.util.function.UnaryOperator;

/** Arithmetic of integers, where programs do it in a wider type or with floats. */
final class Integers {
  /** ATen's number of 64-bit floats, which hold every integer of up to 53 bits. */
  private static final int DOUBLE = 7;

  private Integers() {}

  /**
   * A result brought back into the range of its type: as ONNX has it, bits that the type does not
   * hold are dropped. Only types that programs hold in a wider one need it.
   */
  static String wrap(String expression, DataType type) {
    return switch (type) {
      case UINT16 -> "torch.bitwise_and(" + expression + ", 65535)";
      case UINT32 -> "torch.bitwise_and(" + expression + ", 4294967295)";
      case INT16 ->
          "torch.sub(torch.bitwise_and(torch.add(" + expression + ", 32768), 65535), 32768)";
      default -> expression;
    };
  }

  /**
   * A function that ATen has for floats only: of integers it is computed in 64-bit floats, and the
   * fraction of the result is dropped.
   */
  static String inFloats(String x, DataType type, UnaryOperator<String> function) {
    return type == DataType.FLOAT
        ? function.apply(x)
        : wrap(Types.cast(function.apply(Types.cast(x, DOUBLE)), Types.aten(type)), type);
  }

  /** An expression of integers as 64-bit floats. */
  static String asDouble(String expression) {
    return Types.cast(expression, DOUBLE);
  }

  /** The least value of a type; −∞ of floats. */
  static String least(DataType type) {
    return switch (type) {
      case FLOAT, FLOAT16 -> Literals.number(Float.NEGATIVE_INFINITY);
      case INT4 -> "-8";
      case INT8 -> "-128";
      case INT16 -> "-32768";
      case INT32 -> "-2147483648";
      // Its digits without the sign are no number of 64 bits.
      case INT64 -> "torch.sub(-9223372036854775807, 1)";
      case BOOL, UINT4, UINT8, UINT16, UINT32, UINT64 -> "0";
    };
  }

  /** The largest value of a type; +∞ of floats. */
  static String largest(DataType type) {
    return switch (type) {
      case FLOAT, FLOAT16 -> Literals.number(Float.POSITIVE_INFINITY);
      case INT4 -> "7";
      case UINT4 -> "15";
      case BOOL -> "1";
      case INT8 -> "127";
      case UINT8 -> "255";
      case INT16 -> "32767";
      case UINT16 -> "65535";
      case INT32 -> "2147483647";
      case UINT32 -> "4294967295";
      case INT64 -> "9223372036854775807";
      case UINT64 -> "-1";
    };
  }
}
