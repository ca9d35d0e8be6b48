package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import io.qalibre.graph.DataType;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/**
 * Arithmetic on the short lists of integers and truth values that conditions are made of. A value
 * is a list of at most 64 numbers, whatever its rank; truth values are 0 and 1.
 */
final class SmallIntegers {
  /** Stands for a size that the file does not fix, such as that of the batch. */
  static final long UNKNOWN = Long.MIN_VALUE;

  private static final int MOST = 64;

  private final TensorDecoder tensors;

  SmallIntegers(TensorDecoder tensors) {
    this.tensors = tensors;
  }

  /** The numbers of a short tensor of integers or truth values. */
  Optional<long[]> of(String what, TensorProto proto) {
    boolean isShort =
        proto.getDimsCount() == 0 || (proto.getDimsCount() == 1 && proto.getDims(0) <= MOST);
    boolean isInteger =
        proto.getDataType() == TensorProto.DataType.BOOL_VALUE
            || proto.getDataType() == TensorProto.DataType.INT32_VALUE
            || proto.getDataType() == TensorProto.DataType.INT64_VALUE;
    return isShort && isInteger ? Optional.of(tensors.decode(what, proto).longs()) : none();
  }

  /** The numbers of a {@code Constant}. */
  Optional<long[]> of(NodeProto constant) {
    if (constant.getAttributeCount() != 1) {
      return none();
    }
    AttributeProto value = constant.getAttribute(0);
    return switch (value.getName()) {
      case "value" -> of(NodeOrder.label(constant), value.getT());
      case "value_int" -> Optional.of(new long[] {value.getI()});
      case "value_ints" ->
          value.getIntsCount() > MOST
              ? none()
              : Optional.of(value.getIntsList().stream().mapToLong(Long::longValue).toArray());
      default -> none();
    };
  }

  /** What {@code Shape} gives for declared dimensions. */
  static long[] sizes(NodeProto shape, List<Dimension> dims) {
    int rank = dims.size();
    int start = bound(attribute(shape, "start", 0), rank);
    int end = bound(attribute(shape, "end", rank), rank);
    return dims.subList(start, Math.max(start, end)).stream()
        .mapToLong(dim -> dim.hasDimValue() && dim.getDimValue() >= 0 ? dim.getDimValue() : UNKNOWN)
        .toArray();
  }

  private static int bound(long axis, int rank) {
    return (int) Math.max(0, Math.min(rank, axis < 0 ? axis + rank : axis));
  }

  /** What an operator makes of one value, where it is one of those that conditions are made of. */
  static Optional<long[]> unary(NodeProto node, long[] a) {
    return switch (node.getOpType()) {
      case "Identity", "Squeeze", "Unsqueeze", "Flatten" -> Optional.of(a);
      case "Size" -> Optional.of(new long[] {a.length});
      case "Not" -> Optional.of(map(a, x -> x == 0 ? 1 : 0));
      case "Cast" -> cast(attribute(node, "to", 0), a);
      default -> none();
    };
  }

  /** What an operator makes of two values, where it is one of those that conditions are made of. */
  static Optional<long[]> binary(NodeProto node, long[] a, long[] b) {
    return switch (node.getOpType()) {
      case "Squeeze", "Unsqueeze", "Reshape" -> Optional.of(a);
      case "Gather" -> gather(a, b);
      case "And" -> zip(a, b, (x, y) -> x & y);
      case "Or" -> zip(a, b, (x, y) -> x | y);
      case "Xor" -> zip(a, b, (x, y) -> x ^ y);
      case "Equal" -> zip(a, b, (x, y) -> x == y ? 1 : 0);
      case "Less" -> zip(a, b, (x, y) -> x < y ? 1 : 0);
      case "LessOrEqual" -> zip(a, b, (x, y) -> x <= y ? 1 : 0);
      case "Greater" -> zip(a, b, (x, y) -> x > y ? 1 : 0);
      case "GreaterOrEqual" -> zip(a, b, (x, y) -> x >= y ? 1 : 0);
      case "Add" -> zip(a, b, Long::sum);
      case "Sub" -> zip(a, b, (x, y) -> x - y);
      case "Mul" -> zip(a, b, (x, y) -> x * y);
      default -> none();
    };
  }

  private static Optional<long[]> cast(long type, long[] a) {
    if (type == DataType.BOOL.onnx()) {
      return Optional.of(map(a, x -> x == 0 ? 0 : 1));
    }
    boolean fits =
        type == DataType.INT64.onnx()
            || (type == DataType.INT32.onnx()
                && Arrays.stream(a).allMatch(x -> x == UNKNOWN || x == (int) x));
    return fits ? Optional.of(a) : none();
  }

  private static Optional<long[]> gather(long[] values, long[] indices) {
    long[] chosen = new long[indices.length];
    for (int i = 0; i < indices.length; i++) {
      long index = indices[i] < 0 ? indices[i] + values.length : indices[i];
      if (index < 0 || index >= values.length) {
        return none();
      }
      chosen[i] = values[(int) index];
    }
    return Optional.of(chosen);
  }

  private static long[] map(long[] a, LongUnaryOperator rule) {
    return Arrays.stream(a).map(x -> x == UNKNOWN ? UNKNOWN : rule.applyAsLong(x)).toArray();
  }

  private static Optional<long[]> zip(long[] a, long[] b, LongBinaryOperator rule) {
    if (a.length != b.length && a.length != 1 && b.length != 1) {
      return none();
    }
    int length = a.length == 1 ? b.length : a.length;
    long[] result = new long[length];
    for (int i = 0; i < length; i++) {
      long x = a[a.length == 1 ? 0 : i];
      long y = b[b.length == 1 ? 0 : i];
      result[i] = x == UNKNOWN || y == UNKNOWN ? UNKNOWN : rule.applyAsLong(x, y);
    }
    return Optional.of(result);
  }

  private static long attribute(NodeProto node, String name, long otherwise) {
    return node.getAttributeList().stream()
        .filter(a -> a.getName().equals(name))
        .mapToLong(AttributeProto::getI)
        .findFirst()
        .orElse(otherwise);
  }

  private static Optional<long[]> none() {
    return Optional.empty();
  }
}
