package io.qalibre.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.qalibre.errors.OutOfMemoryException;
import io.qalibre.errors.QalibreException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;

/**
 * Brings numbers from the Java heap into arrays by way of one direct buffer that is used again and
 * again. A direct buffer an array would be given back by the garbage collector only, long after the
 * array is closed.
 */
final class Staging {
  private ByteBuffer buffer = ByteBuffer.allocateDirect(0);

  /**
   * Makes an array.
   *
   * @param manager owns the array
   * @param shape its shape
   * @param type its type
   * @param fill writes all its elements, in row-major order and the machine's byte order
   * @throws QalibreException if the array takes more than 2 GiB
   */
  NDArray array(NDManager manager, Shape shape, DataType type, Consumer<ByteBuffer> fill) {
    long bytes = shape.size() * type.getNumOfBytes();
    if (bytes > Integer.MAX_VALUE) {
      throw new QalibreException(
          "a batch of shape " + shape + " takes " + bytes + " bytes, at most 2 GiB are possible");
    }
    if (buffer.capacity() < bytes) {
      buffer =
          OutOfMemoryException.guard(
                  "a batch of shape " + shape, bytes, () -> ByteBuffer.allocateDirect((int) bytes))
              .order(ByteOrder.nativeOrder());
    }
    buffer.clear().limit((int) bytes);
    fill.accept(buffer);
    buffer.rewind();
    // On a CPU the array made of the buffer is the buffer itself: hence the copy.
    try (NDArray view = manager.create(buffer, shape, type)) {
      return view.duplicate();
    }
  }
}
