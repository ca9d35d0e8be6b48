package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** One recorded call on an array. */
final class TracedCall {
  private final Trace trace;
  private final NDArray self;
  private final String method;
  private final Object[] arguments;
  private final NDArray result;

  TracedCall(Trace trace, NDArray self, String method, Object[] arguments, NDArray result) {
    this.trace = trace;
    this.self = self;
    this.method = method;
    this.arguments = arguments;
    this.result = result;
  }

  Trace trace() {
    return trace;
  }

  /** The array the method was called on. */
  NDArray self() {
    return self;
  }

  /** The array the method gave back. */
  NDArray result() {
    return result;
  }

  int arity() {
    return arguments.length;
  }

  /** Whether an argument is given (not null). */
  boolean has(int index) {
    return index < arguments.length && arguments[index] != null;
  }

  /** An argument of a type. */
  <T> T argument(int index, Class<T> type) {
    if (index >= arguments.length || !type.isInstance(arguments[index])) {
      throw new UntraceableBlockException(
          "the block calls "
              + method
              + Arrays.toString(arguments)
              + ", which cannot be traced: argument "
              + (index + 1)
              + " is no "
              + type.getSimpleName());
    }
    return type.cast(arguments[index]);
  }

  float number(int index) {
    return argument(index, Number.class).floatValue();
  }

  boolean flag(int index) {
    return argument(index, Boolean.class);
  }

  /** A shape as ONNX's list of integers. */
  List<Long> shape(int index) {
    return Arrays.stream(argument(index, Shape.class).getShape()).boxed().toList();
  }

  /** A symmetric padding as ONNX writes it: all beginnings, then all ends. */
  List<Long> pads(int index) {
    List<Long> half = shape(index);
    return java.util.stream.Stream.concat(half.stream(), half.stream()).toList();
  }

  /** Records an operator that reads the array and then these tensors. */
  String node(String node, String type, List<String> more, Map<String, Object> attributes) {
    List<String> reads =
        java.util.stream.Stream.concat(
                java.util.stream.Stream.of(trace.tensor(self, node)), more.stream())
            .toList();
    return trace.node(node, type, reads, attributes);
  }

  /** The tensor of an argument that is an array. */
  String tensor(int index, String owner) {
    return trace.tensor(argument(index, NDArray.class), owner);
  }

  UntraceableBlockException untraceable(String why) {
    return new UntraceableBlockException(
        "the block calls " + method + " in a way that cannot be traced: " + why);
  }
}
