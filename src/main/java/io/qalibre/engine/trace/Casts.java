package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import io.qalibre.engine.Transfer;
import io.qalibre.graph.DataType;
import java.util.List;
import java.util.Map;

/** Conversions of element types that DJL's engine makes by itself, and ONNX does not. */
final class Casts {
  private Casts() {}

  /** The type of an array's elements. */
  static DataType type(NDArray array) {
    return Transfer.type(array.getDataType());
  }

  /** A tensor converted to a type. */
  static String to(Trace trace, String tensor, DataType type) {
    String node = trace.next("cast");
    return trace.node(node, "Cast", List.of(tensor), Map.of("to", (long) type.onnx()));
  }

  /** The tensor of an array, converted where its type is another. */
  static String as(Trace trace, NDArray array, String tensor, DataType type) {
    return type(array) == type ? tensor : to(trace, tensor, type);
  }

  /** The tensor of an array of positions, as ONNX takes them: 32-bit or 64-bit integers. */
  static String integers(TracedCall c, NDArray array, String owner) {
    DataType type = type(array);
    String tensor = c.trace().tensor(array, owner);
    return type == DataType.INT64 || type == DataType.INT32
        ? tensor
        : to(c.trace(), tensor, DataType.INT64);
  }
}
