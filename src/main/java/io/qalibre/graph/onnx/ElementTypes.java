package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import io.qalibre.graph.DataType;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Maps ONNX's element types to those of a graph. */
final class ElementTypes {
  private ElementTypes() {}

  /** Whether a type has other bits than FLOAT but becomes FLOAT in a graph. */
  static boolean becomesFloat(int onnx) {
    return onnx == TensorProto.DataType.FLOAT16_VALUE
        || onnx == TensorProto.DataType.BFLOAT16_VALUE
        || onnx == TensorProto.DataType.DOUBLE_VALUE;
  }

  /** Whether two elements of a type share a byte. */
  static boolean isPacked(int onnx) {
    return onnx == TensorProto.DataType.INT4_VALUE || onnx == TensorProto.DataType.UINT4_VALUE;
  }

  /**
   * The type that elements of an ONNX type have in a graph, where programs compute with them.
   *
   * @param what the tensor, for errors
   * @throws OnnxFormatException if a graph has no such type
   */
  static DataType require(OnnxFile file, String what, int onnx) {
    return require(file, what, onnx, false);
  }

  /**
   * The type that elements of an ONNX type have in a graph, where they may be stored only.
   *
   * @param what the tensor, for errors
   * @throws OnnxFormatException if a graph has no such type
   */
  static DataType requireStored(OnnxFile file, String what, int onnx) {
    return require(file, what, onnx, true);
  }

  private static DataType require(OnnxFile file, String what, int onnx, boolean stored) {
    if (becomesFloat(onnx)) {
      return DataType.FLOAT;
    }
    return known(stored)
        .filter(type -> type.onnx() == onnx)
        .findFirst()
        .orElseThrow(() -> file.error(what, "one of " + names(stored), name(onnx)));
  }

  /** Bytes of an element as stored, of a type that {@link #require} knows; 1 of packed ones. */
  static int storedBytes(int onnx) {
    return switch (onnx) {
      case TensorProto.DataType.FLOAT16_VALUE,
          TensorProto.DataType.BFLOAT16_VALUE,
          TensorProto.DataType.INT16_VALUE,
          TensorProto.DataType.UINT16_VALUE ->
          2;
      case TensorProto.DataType.FLOAT_VALUE,
          TensorProto.DataType.INT32_VALUE,
          TensorProto.DataType.UINT32_VALUE ->
          4;
      case TensorProto.DataType.DOUBLE_VALUE,
          TensorProto.DataType.INT64_VALUE,
          TensorProto.DataType.UINT64_VALUE ->
          8;
      default -> 1;
    };
  }

  /** ONNX's name of a type. */
  static String name(int onnx) {
    TensorProto.@Nullable DataType type = TensorProto.DataType.forNumber(onnx);
    return type == null ? "the element type " + onnx : type.name();
  }

  /** Type and dimensions, such as {@code FLOAT [8, 3]}. */
  static String describe(TensorProto proto) {
    return name(proto.getDataType()) + " " + proto.getDimsList();
  }

  private static Stream<DataType> known(boolean stored) {
    return Arrays.stream(DataType.values())
        .filter(type -> type != DataType.FLOAT16 && (stored || !type.storedOnly()));
  }

  private static String names(boolean stored) {
    return known(stored).map(DataType::name).collect(Collectors.joining(", "))
        + " (or FLOAT16, BFLOAT16, DOUBLE, read as FLOAT)";
  }
}
