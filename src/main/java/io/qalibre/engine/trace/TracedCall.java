package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A call that is being recorded: what converters ask about it, and how they write nodes. */
final class TracedCall {
  private final Trace trace;
  private final Call call;

  TracedCall(Trace trace, Call call) {
    this.trace = trace;
    this.call = call;
  }

  Trace trace() {
    return trace;
  }

  /** The array the method was called on. */
  NDArray self() {
    return call.self();
  }

  /** The array the method gave back: the first, if there are several. */
  NDArray result() {
    return call.results().get(0);
  }

  /** The arrays the method gave back. */
  List<NDArray> results() {
    return call.results();
  }

  int arity() {
    return call.arguments().size();
  }

  /** Whether an argument is given (not null). */
  boolean has(int index) {
    return index < arity() && call.arguments().get(index) != null;
  }

  /** Whether an argument is given and of a type. */
  boolean is(int index, Class<?> type) {
    return index < arity() && type.isInstance(call.arguments().get(index));
  }

  /** An argument of a type. */
  <T> T argument(int index, Class<T> type) {
    if (!is(index, type)) {
      throw new UntraceableBlockException(
          "the block calls "
              + call.name()
              + call.arguments()
              + ", which cannot be traced: argument "
              + (index + 1)
              + " is no "
              + type.getSimpleName());
    }
    return type.cast(call.arguments().get(index));
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
    return Stream.concat(half.stream(), half.stream()).toList();
  }

  /** An axis of the array, counted from the front. */
  int axis(int index) {
    int axis = argument(index, Integer.class);
    return axis < 0 ? axis + self().getShape().dimension() : axis;
  }

  /** Axes of the array, counted from the front: an argument, or all of them without it. */
  List<Long> axes(int index) {
    int rank = self().getShape().dimension();
    int[] axes =
        is(index, int[].class) ? argument(index, int[].class) : IntStream.range(0, rank).toArray();
    return Arrays.stream(axes).mapToObj(a -> (long) (a < 0 ? a + rank : a)).toList();
  }

  /** The shape of an array, for both batch sizes. */
  TracedShape shapeOf(NDArray array) {
    return trace.shape(array);
  }

  /** Records an operator that reads the array and then these tensors. */
  String node(String node, String type, List<String> more, Map<String, Object> attributes) {
    List<String> reads = new ArrayList<>(List.of(trace.tensor(self(), node)));
    reads.addAll(more);
    return trace.node(node, type, reads, attributes);
  }

  /** Records an operator that reads nothing but the array. */
  String node(String prefix, String type) {
    return node(trace.next(prefix), type, List.of(), Map.of());
  }

  /** The tensor of an argument that is an array. */
  String tensor(int index, String owner) {
    return trace.tensor(argument(index, NDArray.class), owner);
  }

  /** A new constant of integers, such as sizes or axes. */
  String integers(String tensor, List<Long> values) {
    long[] numbers = values.stream().mapToLong(Long::longValue).toArray();
    return trace.constant(tensor, Tensor.of(numbers, numbers.length));
  }

  UntraceableBlockException untraceable(String why) {
    return new UntraceableBlockException(
        "the block calls " + call.name() + " in a way that cannot be traced: " + why);
  }
}
