package io.qalibre.engine.trace;

import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.List;
import java.util.stream.IntStream;

/**
 * An array's shape for two batch sizes: the sizes that differ go with the batch.
 *
 * @param sizes the sizes in the run that is recorded
 * @param others the sizes in the other run
 */
record TracedShape(List<Long> sizes, List<Long> others) {
  /** The batch size of the run that is recorded. */
  static final long BATCH = 2;

  /** The batch size of the other run. */
  static final long OTHER_BATCH = 3;

  /** The symbol of the batch size in graphs. */
  static final String SYMBOL = "N";

  /** The number of dimensions. */
  int rank() {
    return sizes.size();
  }

  /** The size at an axis in the run that is recorded. */
  long size(int axis) {
    return sizes.get(axis);
  }

  /** Whether the size at an axis goes with the batch. */
  boolean varies(int axis) {
    return !sizes.get(axis).equals(others.get(axis));
  }

  /** The axes whose sizes go with the batch. */
  List<Integer> varying() {
    return IntStream.range(0, rank()).filter(this::varies).boxed().toList();
  }

  /** Whether the size at an axis is that of another shape at the same axis, in both runs. */
  boolean sameAt(int axis, TracedShape other) {
    return axis < other.rank()
        && sizes.get(axis).equals(other.sizes.get(axis))
        && others.get(axis).equals(other.others.get(axis));
  }

  /** The size at an axis in a graph: a number, the batch, or unknown. */
  Dim dim(int axis) {
    if (!varies(axis)) {
      return Dim.of(sizes.get(axis));
    }
    return sizes.get(axis) == BATCH && others.get(axis) == OTHER_BATCH
        ? Dim.symbolic(SYMBOL)
        : Dim.unknown();
  }

  /** The shape in a graph. */
  TensorShape tensorShape() {
    return new TensorShape(IntStream.range(0, rank()).mapToObj(this::dim).toList());
  }
}
