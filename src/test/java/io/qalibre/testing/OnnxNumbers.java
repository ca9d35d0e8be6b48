package io.qalibre.testing;

import ai.onnx.proto.OnnxMl.TensorProto;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;

/** ONNX's tensors as the graph's, and the numbers in their bytes, by ONNX's element types. */
final class OnnxNumbers {
  private OnnxNumbers() {}

  /**
   * A tensor whose elements lie in {@code raw_data}, of the type that a graph has for it: floats of
   * any width are FLOAT in graphs.
   */
  static Tensor tensor(TensorProto proto) {
    if (isFloat(proto.getDataType())) {
      double[] values = read(proto.getDataType(), proto.getRawData().asReadOnlyByteBuffer());
      float[] floats = new float[values.length];
      for (int i = 0; i < floats.length; i++) {
        floats[i] = (float) values[i];
      }
      return Tensor.of(floats, sizes(proto));
    }
    DataType type =
        Arrays.stream(DataType.values())
            .filter(t -> t.onnx() == proto.getDataType())
            .findFirst()
            .orElseThrow(
                () ->
                    new AssertionError(
                        "a graph has no element type " + typeName(proto.getDataType())));
    return Tensor.of(type, proto.getRawData().asReadOnlyByteBuffer(), sizes(proto));
  }

  /** Whether graphs have FLOAT for an element type. */
  static boolean isFloat(int type) {
    return type == TensorProto.DataType.FLOAT_VALUE
        || type == TensorProto.DataType.FLOAT16_VALUE
        || type == TensorProto.DataType.BFLOAT16_VALUE
        || type == TensorProto.DataType.DOUBLE_VALUE;
  }

  static long[] sizes(TensorProto proto) {
    return proto.getDimsList().stream().mapToLong(Long::longValue).toArray();
  }

  static String typeName(int type) {
    TensorProto.DataType known = TensorProto.DataType.forNumber(type);
    return known == null ? "number " + type : known.name();
  }

  /** The elements as doubles; 64-bit integers beyond 2^53 are rounded. */
  static double[] read(int type, ByteBuffer bytes) {
    ToDoubleFunction<ByteBuffer> next = reader(type);
    ByteBuffer rest = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    double[] values = new double[rest.remaining()];
    int count = 0;
    while (rest.hasRemaining()) {
      values[count++] = next.applyAsDouble(rest);
    }
    return Arrays.copyOf(values, count);
  }

  private static ToDoubleFunction<ByteBuffer> reader(int type) {
    return switch (type) {
      case TensorProto.DataType.FLOAT_VALUE -> ByteBuffer::getFloat;
      case TensorProto.DataType.DOUBLE_VALUE -> ByteBuffer::getDouble;
      case TensorProto.DataType.FLOAT16_VALUE -> b -> half(b.getShort());
      case TensorProto.DataType.BFLOAT16_VALUE -> b -> Float.intBitsToFloat(b.getShort() << 16);
      case TensorProto.DataType.INT8_VALUE -> ByteBuffer::get;
      case TensorProto.DataType.INT16_VALUE -> ByteBuffer::getShort;
      case TensorProto.DataType.INT32_VALUE -> ByteBuffer::getInt;
      case TensorProto.DataType.INT64_VALUE -> ByteBuffer::getLong;
      case TensorProto.DataType.UINT8_VALUE, TensorProto.DataType.BOOL_VALUE -> b -> b.get() & 0xff;
      case TensorProto.DataType.UINT16_VALUE -> ByteBuffer::getChar;
      case TensorProto.DataType.UINT32_VALUE -> b -> Integer.toUnsignedLong(b.getInt());
      case TensorProto.DataType.UINT64_VALUE -> b -> unsigned(b.getLong());
      default -> throw new AssertionError("no numbers of type " + typeName(type));
    };
  }

  private static double unsigned(long bits) {
    return (bits >>> 11) * 0x1p11 + (bits & 0x7ff);
  }

  /** IEEE 754's binary16: a sign, 5 bits of exponent with a bias of 15, 10 bits of fraction. */
  private static double half(short bits) {
    int exponent = bits >> 10 & 0x1f;
    int fraction = bits & 0x3ff;
    double magnitude =
        switch (exponent) {
          case 0 -> Math.scalb((double) fraction, -24);
          case 31 -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
          default -> Math.scalb(1024. + fraction, exponent - 25);
        };
    return bits < 0 ? -magnitude : magnitude;
  }
}
