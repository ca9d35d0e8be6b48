package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.qalibre.graph.Tensor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** Encodes attributes and tensors. */
final class AttributeEncoder {
  private final String file;

  /**
   * Creates an encoder.
   *
   * @param file the name that errors give the model
   */
  AttributeEncoder(String file) {
    this.file = file;
  }

  /** A tensor; its bytes are shared, which is safe since neither side changes them. */
  static TensorProto encode(String name, Tensor tensor) {
    TensorProto.Builder proto =
        TensorProto.newBuilder()
            .setDataType(tensor.type().onnx())
            .setRawData(UnsafeByteOperations.unsafeWrap(stored(tensor)));
    Arrays.stream(tensor.sizes()).forEach(proto::addDims);
    return name.isEmpty() ? proto.build() : proto.setName(name).build();
  }

  private static ByteBuffer stored(Tensor tensor) {
    return ElementTypes.isPacked(tensor.type().onnx())
        ? Nibbles.packed(tensor.bytes())
        : tensor.bytes();
  }

  /**
   * An attribute. An empty list is written as one of integers.
   *
   * @throws OnnxFormatException if its value is of a type that {@link io.qalibre.graph.Attributes}
   *     does not allow
   */
  AttributeProto encode(String node, String name, Object value) {
    AttributeProto.Builder proto = AttributeProto.newBuilder().setName(name);
    if (value instanceof Long integer) {
      return proto.setType(AttributeType.INT).setI(integer).build();
    } else if (value instanceof Float number) {
      return proto.setType(AttributeType.FLOAT).setF(number).build();
    } else if (value instanceof String text) {
      return proto.setType(AttributeType.STRING).setS(ByteString.copyFromUtf8(text)).build();
    } else if (value instanceof Tensor tensor) {
      return proto.setType(AttributeType.TENSOR).setT(encode("", tensor)).build();
    } else if (value instanceof List<?> list) {
      return encode(node, proto, list);
    }
    throw unwritable(node, name, value);
  }

  private AttributeProto encode(String node, AttributeProto.Builder proto, List<?> list) {
    Object first = list.isEmpty() ? 0L : list.get(0);
    proto.setType(
        first instanceof Long
            ? AttributeType.INTS
            : first instanceof Float ? AttributeType.FLOATS : AttributeType.STRINGS);
    for (Object value : list) {
      if (value.getClass() != first.getClass()) {
        throw unwritable(node, proto.getName(), list);
      } else if (value instanceof Long integer) {
        proto.addInts(integer);
      } else if (value instanceof Float number) {
        proto.addFloats(number);
      } else if (value instanceof String text) {
        proto.addStrings(ByteString.copyFromUtf8(text));
      } else {
        throw unwritable(node, proto.getName(), list);
      }
    }
    return proto.build();
  }

  private OnnxFormatException unwritable(String node, String name, Object value) {
    return new OnnxFormatException(
        file,
        "node `" + node + "`, attribute `" + name + "`",
        "Long, Float, String, Tensor, or a list of one of the first three",
        value.getClass().getSimpleName() + " " + value);
  }
}
