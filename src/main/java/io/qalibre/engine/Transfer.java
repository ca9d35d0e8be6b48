package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Tensor;
import java.nio.ByteBuffer;

/** Moves numbers between the Java heap and the engine. */
public final class Transfer {
  private Transfer() {}

  /** A new array with a tensor's elements. */
  public static NDArray toArray(NDManager manager, Tensor tensor) {
    ByteBuffer bytes = tensor.bytes();
    return manager.create(bytes, new Shape(tensor.sizes()), type(tensor.type()));
  }

  /** A tensor with an array's elements; the array stays open. */
  public static Tensor toTensor(NDArray array) {
    return Tensor.of(type(array.getDataType()), array.toByteBuffer(), array.getShape().getShape());
  }

  /** The engine's name of a type. */
  static ai.djl.ndarray.types.DataType type(DataType type) {
    return switch (type) {
      case FLOAT -> ai.djl.ndarray.types.DataType.FLOAT32;
      case UINT8 -> ai.djl.ndarray.types.DataType.UINT8;
      case INT8 -> ai.djl.ndarray.types.DataType.INT8;
      case INT32 -> ai.djl.ndarray.types.DataType.INT32;
      case INT64 -> ai.djl.ndarray.types.DataType.INT64;
      case BOOL -> ai.djl.ndarray.types.DataType.BOOLEAN;
    };
  }

  private static DataType type(ai.djl.ndarray.types.DataType type) {
    return switch (type) {
      case FLOAT32 -> DataType.FLOAT;
      case UINT8 -> DataType.UINT8;
      case INT8 -> DataType.INT8;
      case INT32 -> DataType.INT32;
      case INT64 -> DataType.INT64;
      case BOOLEAN -> DataType.BOOL;
      default -> throw new QalibreException("arrays of type " + type + " are not supported");
    };
  }
}
