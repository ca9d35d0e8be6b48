package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import io.qalibre.engine.Transfer;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * Constants that a block makes for each batch, such as zeros or ones of the batch's size. Their
 * samples must be equal: a graph keeps one and repeats it.
 */
final class BatchConstants {
  private BatchConstants() {}

  /** The tensor of a constant, repeated for each sample. */
  static String expanded(Trace trace, NDArray real, String owner) {
    int axis = batchAxis(trace, real);
    String one = trace.constant(owner + ".constant", sample(real, axis));
    List<String> sizes = new ArrayList<>(List.of(trace.batch()));
    int after = trace.shape(real).rank() - axis - 1;
    if (after > 0) {
      Tensor ones = Tensor.ofIntegers(DataType.INT64, longs(after), after);
      sizes.add(trace.constant(owner + ".sizes", ones));
    }
    String repeated = trace.next("expand");
    String shape =
        sizes.size() == 1
            ? sizes.get(0)
            : trace.node(repeated + ".shape", "Concat", sizes, Map.of("axis", 0L));
    return trace.node(repeated, "Expand", List.of(one, shape), Map.of());
  }

  private static long[] longs(int count) {
    return Collections.nCopies(count, 1L).stream().mapToLong(Long::longValue).toArray();
  }

  /**
   * The tensor of an operand that is broadcast against another: a constant needs no repeating where
   * the other goes with the batch at the same axis, counted from the last.
   */
  static String operand(Trace trace, NDArray real, NDArray other, String owner) {
    TracedShape shape = trace.shape(real);
    if (trace.live(real) || shape.varying().isEmpty()) {
      return trace.tensor(real, owner);
    }
    int axis = batchAxis(trace, real);
    TracedShape beside = trace.shape(other);
    int same = beside.rank() - shape.rank() + axis;
    boolean broadcast = trace.live(other) && same >= 0 && beside.varies(same);
    return broadcast
        ? trace.constant(owner + ".constant", sample(real, axis))
        : trace.tensor(real, owner);
  }

  private static int batchAxis(Trace trace, NDArray real) {
    TracedShape shape = trace.shape(real);
    List<Integer> varying = shape.varying();
    if (varying.size() != 1 || shape.dim(varying.get(0)).symbol() == null) {
      throw new UntraceableBlockException(
          "a constant of shape "
              + real.getShape()
              + " goes with the batch in a way that cannot be traced");
    }
    return varying.get(0);
  }

  /** The constant of the first sample, which has to be that of all. */
  private static Tensor sample(NDArray real, int axis) {
    try (NDArray first = real.get(NDIndex.sliceAxis(axis, 0, 1));
        NDArray second = real.get(NDIndex.sliceAxis(axis, 1, 2))) {
      if (!first.contentEquals(second)) {
        throw new UntraceableBlockException(
            "a constant of shape "
                + real.getShape()
                + " differs from sample to sample of the batch, so it cannot be traced");
      }
      return Transfer.toTensor(first);
    }
  }
}
