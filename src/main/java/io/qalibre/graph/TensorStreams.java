package io.qalibre.graph;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/** Tensors in checkpoints: type, sizes and bytes, and names where there are several. */
public final class TensorStreams {
  private static final int MOST = 100_000;
  private static final int MOST_AXES = 16;

  private TensorStreams() {}

  /** Writes tensors with their names. */
  public static void write(DataOutputStream out, Map<String, Tensor> tensors) throws IOException {
    out.writeInt(tensors.size());
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      out.writeUTF(entry.getKey());
      write(out, entry.getValue());
    }
  }

  /** Writes a tensor. */
  public static void write(DataOutputStream out, Tensor tensor) throws IOException {
    out.writeUTF(tensor.type().name());
    out.writeInt(tensor.rank());
    for (long size : tensor.sizes()) {
      out.writeLong(size);
    }
    byte[] bytes = new byte[tensor.bytes().remaining()];
    tensor.bytes().get(bytes);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  /**
   * Reads tensors with their names, in the order in which they were written.
   *
   * @throws IOException if the stream ends before they do, or holds something else
   */
  public static Map<String, Tensor> readAll(DataInputStream in) throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    int count = count(in, MOST);
    for (int i = 0; i < count; i++) {
      String name = in.readUTF();
      tensors.put(name, read(in));
    }
    return tensors;
  }

  /**
   * Reads a tensor.
   *
   * @throws IOException if the stream ends before it does, or holds something else
   */
  public static Tensor read(DataInputStream in) throws IOException {
    DataType type = type(in.readUTF());
    long[] sizes = new long[count(in, MOST_AXES)];
    for (int axis = 0; axis < sizes.length; axis++) {
      sizes[axis] = in.readLong();
    }
    int length = count(in, Integer.MAX_VALUE);
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("ends within a tensor");
    }
    return Tensor.of(type, ByteBuffer.wrap(bytes), sizes);
  }

  /**
   * Reads a number of things that follow.
   *
   * @param most how many there can be; a file that claims more is damaged
   * @throws IOException if the number cannot be
   */
  public static int count(DataInputStream in, int most) throws IOException {
    int count = in.readInt();
    if (count < 0 || count > most) {
      throw new IOException("claims " + count + " entries");
    }
    return count;
  }

  private static DataType type(String name) throws IOException {
    try {
      return DataType.valueOf(name);
    } catch (IllegalArgumentException e) {
      throw new IOException("claims elements of type " + name, e);
    }
  }
}
