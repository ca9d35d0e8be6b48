package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import io.qalibre.graph.DataType;
import io.qalibre.graph.HalfFloats;
import io.qalibre.graph.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Decodes tensors. Sizes are checked against the data that are there before memory is taken. */
final class TensorDecoder {
  /** The most bytes an array of the Java heap holds on every virtual machine. */
  static final long MOST_BYTES = Integer.MAX_VALUE - 8;

  private final OnnxFile file;
  private final ExternalData external;
  private final TypedData typed;

  TensorDecoder(OnnxFile file) {
    this.file = file;
    this.external = new ExternalData(file);
    this.typed = new TypedData(file);
  }

  /**
   * A tensor.
   *
   * @param what the tensor, for errors
   */
  Tensor decode(String what, TensorProto proto) {
    int onnx = proto.getDataType();
    DataType type = ElementTypes.requireStored(file, what, onnx);
    if (proto.hasSegment()) {
      throw file.error(what, "a whole tensor", "a segment of one");
    }
    long count = count(what, proto.getDimsList());
    ByteBuffer stored = stored(what, proto, count).order(ByteOrder.LITTLE_ENDIAN);
    if (count > MOST_BYTES / type.bytes()) {
      throw file.error(what, "at most 2 GiB in one tensor", count + " elements of " + type);
    }
    long[] shape = proto.getDimsList().stream().mapToLong(Long::longValue).toArray();
    if (ElementTypes.becomesFloat(onnx)) {
      return Tensor.of(widened(onnx, stored, (int) count), shape);
    }
    if (ElementTypes.isPacked(onnx)) {
      return Tensor.of(type, Nibbles.unpacked(type, stored, (int) count), shape);
    }
    return Tensor.of(type, type == DataType.BOOL ? truthValues(stored) : stored, shape);
  }

  /** The little-endian bytes of a tensor as the file stores it, of the size its shape asks for. */
  private ByteBuffer stored(String what, TensorProto proto, long count) {
    int width = ElementTypes.storedBytes(proto.getDataType());
    if (count > Long.MAX_VALUE / width) {
      throw tooMany(what, proto.getDimsList());
    }
    long size = ElementTypes.isPacked(proto.getDataType()) ? Nibbles.bytes(count) : count * width;
    if (proto.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
      return external.read(what, proto, size);
    }
    if (!proto.hasRawData() || (proto.getRawData().isEmpty() && count > 0)) {
      return typed.bytes(what, proto, count);
    }
    ByteBuffer raw = proto.getRawData().asReadOnlyByteBuffer();
    if (raw.remaining() != size) {
      throw file.error(
          what, size + " bytes for " + ElementTypes.describe(proto), raw.remaining() + " bytes");
    }
    return raw;
  }

  private long count(String what, List<Long> dims) {
    long count = 1;
    for (long dim : dims) {
      if (dim < 0) {
        throw file.error(what, "dimensions of 0 or more", dims.toString());
      }
      // A zero does not excuse the others: their product has to be a number wherever it is taken.
      if (dim > 0 && count > Long.MAX_VALUE / dim) {
        throw tooMany(what, dims);
      }
      count *= Math.max(1, dim);
    }
    return dims.contains(0L) ? 0 : count;
  }

  private OnnxFormatException tooMany(String what, List<Long> dims) {
    return file.error(what, "at most 2 GiB in one tensor", "dimensions " + dims);
  }

  private static float[] widened(int onnx, ByteBuffer stored, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] =
          switch (onnx) {
            case TensorProto.DataType.FLOAT16_VALUE -> HalfFloats.fromFloat16(stored.getShort());
            case TensorProto.DataType.BFLOAT16_VALUE -> HalfFloats.fromBfloat16(stored.getShort());
            default -> (float) stored.getDouble();
          };
    }
    return values;
  }

  /** Zeros and ones: ONNX lets any other byte stand for true. */
  private static ByteBuffer truthValues(ByteBuffer stored) {
    ByteBuffer values = ByteBuffer.allocate(stored.remaining());
    while (stored.hasRemaining()) {
      values.put((byte) (stored.get() == 0 ? 0 : 1));
    }
    return values.flip();
  }
}
