package io.qalibre.graph;

import io.qalibre.errors.QalibreException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * An immutable array of numbers on the Java heap, in row-major order.
 *
 * <p>Elements are kept as little-endian bytes, so that a tensor moves between files, the engine and
 * ONNX Runtime without being converted; {@link #floats()} and {@link #longs()} give Java arrays.
 */
public final class Tensor {
  private final DataType type;
  private final long[] shape;
  private final ByteBuffer data;

  private Tensor(DataType type, long[] shape, ByteBuffer data) {
    this.type = type;
    this.shape = shape.clone();
    long expected = Math.multiplyExact(count(shape), (long) type.bytes());
    if (data.remaining() != expected) {
      throw new QalibreException(
          "a "
              + type
              + " tensor of shape "
              + Arrays.toString(shape)
              + " takes "
              + expected
              + " bytes, found "
              + data.remaining());
    }
    this.data = data;
  }

  /**
   * A float tensor.
   *
   * @param values the elements in row-major order; copied
   * @param shape the sizes; their product is the number of values
   * @throws QalibreException if the shape does not go with the number of values
   */
  public static Tensor of(float[] values, long... shape) {
    requireCount(values.length, shape);
    ByteBuffer bytes = bytes(4L * values.length);
    bytes.asFloatBuffer().put(values);
    return new Tensor(DataType.FLOAT, shape, bytes);
  }

  /** A tensor of 64-bit integers; see {@link #of(float[], long...)}. */
  public static Tensor of(long[] values, long... shape) {
    requireCount(values.length, shape);
    ByteBuffer bytes = bytes(8L * values.length);
    bytes.asLongBuffer().put(values);
    return new Tensor(DataType.INT64, shape, bytes);
  }

  /** A tensor of 32-bit integers; see {@link #of(float[], long...)}. */
  public static Tensor of(int[] values, long... shape) {
    requireCount(values.length, shape);
    ByteBuffer bytes = bytes(4L * values.length);
    bytes.asIntBuffer().put(values);
    return new Tensor(DataType.INT32, shape, bytes);
  }

  /**
   * A tensor of any type from its bytes.
   *
   * @param type the elements' type
   * @param bytes the elements in row-major order, little-endian; copied
   * @param shape the sizes
   * @throws QalibreException if the number of bytes does not go with type and shape
   */
  public static Tensor of(DataType type, ByteBuffer bytes, long... shape) {
    ByteBuffer copy = bytes(bytes.remaining());
    copy.put(bytes.duplicate()).flip();
    return new Tensor(type, shape, copy);
  }

  /**
   * A tensor of integers or truth values.
   *
   * @param type the elements' type, no float
   * @param values the elements in row-major order; of each the lowest bits that the type holds are
   *     taken
   * @param shape the sizes; their product is the number of values
   * @throws QalibreException if the shape does not go with the number of values, or the type is one
   *     of floats
   */
  public static Tensor ofIntegers(DataType type, long[] values, long... shape) {
    requireCount(values.length, shape);
    ByteBuffer bytes = bytes((long) type.bytes() * values.length);
    for (long value : values) {
      switch (type) {
        case INT64, UINT64 -> bytes.putLong(value);
        case INT32, UINT32 -> bytes.putInt((int) value);
        case INT16, UINT16 -> bytes.putShort((short) value);
        case INT8, UINT8 -> bytes.put((byte) value);
        case UINT4 -> bytes.put((byte) (value & 0xf));
        case INT4 -> bytes.put((byte) ((byte) (value << 4) >> 4));
        case BOOL -> bytes.put((byte) (value == 0 ? 0 : 1));
        case FLOAT, FLOAT16 ->
            throw new QalibreException("expected a type of integers, found " + type);
      }
    }
    return new Tensor(type, shape, bytes.flip());
  }

  /** A scalar. */
  public static Tensor scalar(float value) {
    return of(new float[] {value});
  }

  /** The type of the elements. */
  public DataType type() {
    return type;
  }

  /** A copy of the sizes. */
  public long[] sizes() {
    return shape.clone();
  }

  /** The shape. */
  public TensorShape shape() {
    return TensorShape.of(shape);
  }

  /** The number of dimensions. */
  public int rank() {
    return shape.length;
  }

  /** The number of elements. */
  public int size() {
    return data.remaining() / type.bytes();
  }

  /** A read-only view of the bytes: row-major, little-endian. */
  public ByteBuffer bytes() {
    return data.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * A read-only view of a float tensor.
   *
   * @throws QalibreException if the elements are not floats
   */
  public FloatBuffer floatView() {
    require(DataType.FLOAT);
    return bytes().asFloatBuffer();
  }

  /**
   * A copy of the elements of a float tensor.
   *
   * @throws QalibreException if the elements are not floats
   */
  public float[] floats() {
    FloatBuffer view = floatView();
    float[] values = new float[view.remaining()];
    view.get(values);
    return values;
  }

  /**
   * A copy of the elements of an integer or truth-value tensor.
   *
   * @throws QalibreException if the elements are floats
   */
  public long[] longs() {
    long[] values = new long[size()];
    ByteBuffer view = bytes();
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (type) {
            case INT64, UINT64 -> view.getLong();
            case INT32 -> view.getInt();
            case UINT32 -> view.getInt() & 0xffffffffL;
            case INT16 -> view.getShort();
            case UINT16 -> view.getShort() & 0xffff;
            case INT8, INT4 -> view.get();
            case UINT8, UINT4, BOOL -> view.get() & 0xff;
            case FLOAT, FLOAT16 ->
                throw new QalibreException("expected integers, found a " + type + " tensor");
          };
    }
    return values;
  }

  /** The same elements in another shape of as many. */
  public Tensor reshape(long... sizes) {
    return new Tensor(type, sizes, data);
  }

  private float number(int index) {
    return type == DataType.FLOAT
        ? floatView().get(index)
        : HalfFloats.fromFloat16(bytes().getShort(index * type.bytes()));
  }

  private void require(DataType wanted) {
    if (type != wanted) {
      throw new QalibreException("expected a " + wanted + " tensor, found " + type + " " + shape());
    }
  }

  private static void requireCount(long found, long[] shape) {
    if (count(shape) != found) {
      throw new QalibreException(
          "shape " + Arrays.toString(shape) + " holds " + count(shape) + " values, found " + found);
    }
  }

  private static long count(long[] shape) {
    long count = 1;
    for (long size : shape) {
      if (size < 0) {
        throw new QalibreException("a tensor's sizes are known, found " + Arrays.toString(shape));
      }
      count = Math.multiplyExact(count, size);
    }
    return count;
  }

  private static ByteBuffer bytes(long count) {
    if (count > Integer.MAX_VALUE) {
      throw new QalibreException("a tensor holds at most 2 GiB, found " + count + " bytes");
    }
    return ByteBuffer.allocate((int) count).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Tensor t
        && type == t.type
        && Arrays.equals(shape, t.shape)
        && data.equals(t.data);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(shape) + data.hashCode();
  }

  /** Such as {@code FLOAT 1×2 [0.5, 1.0]}, cut after eight elements. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(type + " " + shape() + " [");
    int shown = Math.min(8, size());
    boolean floats = type == DataType.FLOAT || type == DataType.FLOAT16;
    long[] integers = floats ? new long[0] : longs();
    for (int i = 0; i < shown; i++) {
      text.append(i == 0 ? "" : ", ");
      if (floats) {
        text.append(number(i));
      } else {
        text.append(integers[i]);
      }
    }
    return text.append(size() > shown ? ", …]" : "]").toString();
  }
}
