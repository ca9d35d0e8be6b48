package io.qalibre.ptq;

import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.op.NodeContext;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Where operators that compute nothing across channels leave the channels of their input: those
 * that only move values, put zeros around them, or average a channel by itself.
 */
final class ChannelMoves {
  private final NodeContext node;
  private final int axis;

  private ChannelMoves(NodeContext node, int axis) {
    this.node = node;
    this.axis = axis;
  }

  /**
   * The axis of the channels in an operator's outputs; empty where the operator does something else
   * to them, or it is not known before there is data.
   *
   * @param node the operator and what is known of it
   * @param output the shape of its output
   * @param axis the axis of the channels in its input, counted from 0; there are at least two
   */
  static OptionalInt axis(NodeContext node, TensorShape output, int axis) {
    return new ChannelMoves(node, axis).to(output);
  }

  private OptionalInt to(TensorShape output) {
    return switch (node.node().type()) {
      case "Identity", "Dropout" -> OptionalInt.of(axis);
      case "Transpose" -> transposed();
      case "Reshape", "Flatten", "Squeeze", "Unsqueeze" -> reshaped(output);
      case "Concat", "Split" -> staysIf(attribute() != axis);
      case "Gather" -> gathered();
      case "Slice" -> staysIf(!axes(3).contains(axis));
      case "Pad" -> staysIf(ZeroPads.keepChannels(node, axis));
      case "GlobalAveragePool" -> staysIf(axis == 1);
      case "ReduceMean" -> averaged();
      default -> OptionalInt.empty();
    };
  }

  private OptionalInt staysIf(boolean condition) {
    return condition ? OptionalInt.of(axis) : OptionalInt.empty();
  }

  private int rank() {
    return node.shape(0).rank();
  }

  /** The axis that an operator works on; zero is the default of all that have one. */
  private int attribute() {
    return (int) Math.floorMod(node.attributes().integer("axis", 0), (long) rank());
  }

  private OptionalInt transposed() {
    List<Long> order = node.attributes().integers("perm").orElse(List.of());
    return OptionalInt.of(order.isEmpty() ? rank() - 1 - axis : order.indexOf((long) axis));
  }

  /** Channels that are as many and lie as far apart are the same. */
  private OptionalInt reshaped(TensorShape output) {
    long channels = node.shape(0).dim(axis).size();
    long apart = elementsBehind(node.shape(0), axis);
    for (int i = 0; i < output.rank(); i++) {
      boolean same = output.dim(i).size() == channels && elementsBehind(output, i) == apart;
      if (same && channels != Dim.UNKNOWN && apart != Dim.UNKNOWN) {
        return OptionalInt.of(i);
      }
    }
    return OptionalInt.empty();
  }

  private static long elementsBehind(TensorShape shape, int axis) {
    return new TensorShape(shape.dims().subList(axis + 1, shape.rank())).elements();
  }

  private OptionalInt gathered() {
    int at = attribute();
    int moved = at < axis ? node.shape(1).rank() - 1 : 0;
    return at == axis ? OptionalInt.empty() : OptionalInt.of(axis + moved);
  }

  private OptionalInt averaged() {
    List<Integer> axes = axes(1);
    boolean stay = node.attributes().flag("keepdims", true);
    long gone = stay ? 0 : axes.stream().filter(a -> a < axis).count();
    return axes.contains(axis) ? OptionalInt.empty() : OptionalInt.of(axis - (int) gone);
  }

  /**
   * The axes that an operator works on: an input, or an attribute before it was one. Where they are
   * not given or not known, all of them.
   */
  private List<Integer> axes(int input) {
    Optional<List<Long>> axes =
        node.has(input)
            ? node.longs(input).map(list -> Arrays.stream(list).boxed().toList())
            : node.attributes().integers("axes");
    return axes.filter(list -> !list.isEmpty())
        .map(list -> list.stream().map(a -> (int) Math.floorMod(a, (long) rank())).toList())
        .orElseGet(() -> IntStream.range(0, rank()).boxed().toList());
  }
}
