package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Reads tensors whose elements lie in protobuf's typed fields, such as {@code float_data}. */
final class TypedData {
  private final OnnxFile file;

  TypedData(OnnxFile file) {
    this.file = file;
  }

  /**
   * The elements as the little-endian bytes that {@code raw_data} would hold.
   *
   * @param what the tensor, for errors
   * @param count the elements its shape asks for
   */
  ByteBuffer bytes(String what, TensorProto proto, long count) {
    int found = found(proto);
    // Of packed types an element of the field is a byte.
    long expected = ElementTypes.isPacked(proto.getDataType()) ? Nibbles.bytes(count) : count;
    if (found != expected) {
      throw file.error(
          what, expected + " elements for " + ElementTypes.describe(proto), found + " elements");
    }
    long size = expected * ElementTypes.storedBytes(proto.getDataType());
    if (size > TensorDecoder.MOST_BYTES) {
      throw file.error(what, "at most 2 GiB in one tensor", size + " bytes");
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < found; i++) {
      put(what, proto, i, bytes);
    }
    return bytes.flip();
  }

  private static int found(TensorProto proto) {
    return switch (proto.getDataType()) {
      case TensorProto.DataType.FLOAT_VALUE -> proto.getFloatDataCount();
      case TensorProto.DataType.DOUBLE_VALUE -> proto.getDoubleDataCount();
      case TensorProto.DataType.INT64_VALUE -> proto.getInt64DataCount();
      case TensorProto.DataType.UINT32_VALUE, TensorProto.DataType.UINT64_VALUE ->
          proto.getUint64DataCount();
      default -> proto.getInt32DataCount();
    };
  }

  private void put(String what, TensorProto proto, int i, ByteBuffer bytes) {
    switch (proto.getDataType()) {
      case TensorProto.DataType.FLOAT_VALUE -> bytes.putFloat(proto.getFloatData(i));
      case TensorProto.DataType.DOUBLE_VALUE -> bytes.putDouble(proto.getDoubleData(i));
      case TensorProto.DataType.INT64_VALUE -> bytes.putLong(proto.getInt64Data(i));
      case TensorProto.DataType.INT32_VALUE -> bytes.putInt(proto.getInt32Data(i));
      case TensorProto.DataType.UINT32_VALUE -> bytes.putInt((int) proto.getUint64Data(i));
      case TensorProto.DataType.UINT64_VALUE -> bytes.putLong(proto.getUint64Data(i));
      case TensorProto.DataType.INT16_VALUE ->
          bytes.putShort((short) inRange(what, proto, i, Short.MIN_VALUE, Short.MAX_VALUE));
      case TensorProto.DataType.UINT16_VALUE ->
          bytes.putShort((short) inRange(what, proto, i, 0, 0xffff));
      case TensorProto.DataType.FLOAT16_VALUE, TensorProto.DataType.BFLOAT16_VALUE ->
          bytes.putShort((short) inRange(what, proto, i, 0, 0xffff));
      case TensorProto.DataType.INT8_VALUE -> bytes.put((byte) inRange(what, proto, i, -128, 127));
      case TensorProto.DataType.BOOL_VALUE -> bytes.put((byte) inRange(what, proto, i, 0, 1));
      default -> bytes.put((byte) inRange(what, proto, i, 0, 255));
    }
  }

  private int inRange(String what, TensorProto proto, int i, int least, int most) {
    int value = proto.getInt32Data(i);
    if (value < least || value > most) {
      throw file.error(
          what,
          ElementTypes.name(proto.getDataType()) + " elements of " + least + " to " + most,
          value + " at index " + i);
    }
    return value;
  }
}
