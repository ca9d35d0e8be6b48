package io.qalibre.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.qalibre.errors.OutOfMemoryException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Tensor;

/**
 * Moves numbers between the Java heap and the engine. The engine holds integers of 16 bits, and
 * unsigned ones of more than 8, in the next wider type that holds all their values.
 */
public final class Transfer {
  private Transfer() {}

  /** A new array with a tensor's elements. */
  public static NDArray toArray(NDManager manager, Tensor tensor) {
    DataType held = held(tensor.type());
    Tensor moved =
        held == tensor.type() ? tensor : Tensor.ofIntegers(held, tensor.longs(), tensor.sizes());
    Shape shape = new Shape(moved.sizes());
    // What DJL makes of a buffer lies in a direct buffer, whose memory only the garbage collector
    // gives back, long after the array is closed.
    if (moved.size() == 0 || !manager.getDevice().equals(Device.cpu())) {
      return manager.create(moved.bytes(), shape, type(held));
    }
    NDArray array = manager.create(shape, type(held));
    array.toByteBuffer(true).put(moved.bytes());
    return array;
  }

  /** A tensor with an array's elements, of the array's own type; the array stays open. */
  public static Tensor toTensor(NDArray array) {
    DataType type = type(array.getDataType());
    long bytes = array.size() * type.bytes();
    return OutOfMemoryException.guard(
        "an array of shape " + array.getShape(),
        bytes,
        () -> Tensor.of(type, array.toByteBuffer(), array.getShape().getShape()));
  }

  /** A tensor of a given type with an array's elements; the array stays open. */
  static Tensor toTensor(NDArray array, DataType wanted) {
    Tensor found = toTensor(array);
    return found.type() == wanted || found.type() == DataType.FLOAT || wanted == DataType.FLOAT
        ? found
        : Tensor.ofIntegers(wanted, found.longs(), found.sizes());
  }

  /** The engine's name of the type that it holds a type in. */
  public static ai.djl.ndarray.types.DataType type(DataType type) {
    return switch (held(type)) {
      case FLOAT -> ai.djl.ndarray.types.DataType.FLOAT32;
      case UINT8 -> ai.djl.ndarray.types.DataType.UINT8;
      case INT8 -> ai.djl.ndarray.types.DataType.INT8;
      case INT32 -> ai.djl.ndarray.types.DataType.INT32;
      case BOOL -> ai.djl.ndarray.types.DataType.BOOLEAN;
      case FLOAT16 -> ai.djl.ndarray.types.DataType.FLOAT16;
      default -> ai.djl.ndarray.types.DataType.INT64;
    };
  }

  private static DataType held(DataType type) {
    return switch (type) {
      case INT16, UINT16 -> DataType.INT32;
      case UINT32, UINT64 -> DataType.INT64;
      case INT4 -> DataType.INT8;
      case UINT4 -> DataType.UINT8;
      default -> type;
    };
  }

  /**
   * The type of a tensor with the elements of an array of the engine's type.
   *
   * @throws QalibreException if there is none
   */
  public static DataType type(ai.djl.ndarray.types.DataType type) {
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
