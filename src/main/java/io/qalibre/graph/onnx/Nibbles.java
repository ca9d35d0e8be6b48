package io.qalibre.graph.onnx;

import io.qalibre.graph.DataType;
import java.nio.ByteBuffer;

/**
 * Integers of 4 bits: two a byte in files, the first one in the lower half; one a byte in tensors.
 *
 * <p>Source: ONNX's <a href="https://onnx.ai/onnx/technical/int4.html">4 bit integer types</a>.
 */
final class Nibbles {
  private Nibbles() {}

  /** The bytes that so many elements take in a file. */
  static long bytes(long count) {
    return count / 2 + count % 2;
  }

  /** Two elements in each byte. */
  static ByteBuffer packed(ByteBuffer elements) {
    ByteBuffer result = ByteBuffer.allocate((int) bytes(elements.remaining()));
    while (elements.hasRemaining()) {
      int low = elements.get() & 0xf;
      int high = elements.hasRemaining() ? elements.get() & 0xf : 0;
      result.put((byte) (high << 4 | low));
    }
    return result.flip();
  }

  /** An element in each byte. */
  static ByteBuffer unpacked(DataType type, ByteBuffer packed, int count) {
    ByteBuffer result = ByteBuffer.allocate(count);
    for (int i = 0; i < count; i++) {
      int bits = packed.get(packed.position() + i / 2) >> (i % 2 == 0 ? 0 : 4) & 0xf;
      // Signed ones take their sign along from the upper end of a byte.
      result.put((byte) (type == DataType.INT4 ? (byte) (bits << 4) >> 4 : bits));
    }
    return result.flip();
  }
}
