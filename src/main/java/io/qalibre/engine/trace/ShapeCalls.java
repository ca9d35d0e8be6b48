package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.OperatorNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Calls that move values without changing them, and those that change nothing. */
final class ShapeCalls {
  private ShapeCalls() {}

  static void addTo(CallTable calls) {
    calls.add("reshape", ShapeCalls::reshape);
    calls.add("flatten", ShapeCalls::reshape);
    calls.add("squeeze", ShapeCalls::reshape);
    calls.add("expandDims", ShapeCalls::reshape);
    calls.add("transpose", ShapeCalls::transpose);
    calls.add("swapAxes", ShapeCalls::swapAxes);
    calls.add("concat", ShapeCalls::concat);
    calls.add("stack", ShapeCalls::stack);
    calls.addSeveral("split", ShapeCalls::split);
    calls.add("broadcast", ShapeCalls::broadcast);
    calls.add("stopGradient", ShapeCalls::same);
    calls.add("duplicate", ShapeCalls::same);
    calls.add("toDevice", ShapeCalls::same);
  }

  private static String same(TracedCall c) {
    return c.trace().tensor(c.self(), "");
  }

  private static String reshape(TracedCall c) {
    return reshape(c, c.self(), c.shapeOf(c.result()));
  }

  /** An array in another shape: from what it was itself reshaped from, if that can be said. */
  private static String reshape(TracedCall c, NDArray array, TracedShape to) {
    Trace trace = c.trace();
    String tensor = trace.tensor(array, "reshape");
    Trace.View from = trace.view(tensor, array);
    if (to.equals(from.shape())) {
      return from.tensor();
    }
    TracedShape own = trace.shape(array);
    if (to.equals(own)) {
      return tensor;
    }
    Optional<List<Long>> sizes = sizes(from.shape(), to);
    if (sizes.isEmpty()) {
      from = new Trace.View(tensor, own);
      sizes = sizes(own, to);
    }
    List<Long> wanted =
        sizes.orElseThrow(
            () -> c.untraceable("the batch goes into several of the sizes " + to.sizes()));
    return trace.reshaped(reshaped(c, from, to, wanted), from);
  }

  private static String reshaped(TracedCall c, Trace.View from, TracedShape to, List<Long> sizes) {
    if (to.rank() == 2 && from.shape().rank() > 2 && to.varies(0) && to.sameAt(0, from.shape())) {
      String node = c.trace().next("flatten");
      return c.trace().node(node, "Flatten", List.of(from.tensor()), Map.of("axis", 1L));
    }
    String node = c.trace().next("reshape");
    String shape = c.integers(node + ".shape", sizes);
    return c.trace().node(node, "Reshape", List.of(from.tensor(), shape), Map.of());
  }

  /** The sizes as Reshape takes them: 0 copies the input's, −1 stands for what is left. */
  private static Optional<List<Long>> sizes(TracedShape from, TracedShape to) {
    List<Long> sizes = new ArrayList<>();
    for (int i = 0; i < to.rank(); i++) {
      long moving = to.sameAt(i, from) ? 0 : -1;
      sizes.add(to.varies(i) ? moving : to.size(i));
    }
    return sizes.stream().filter(size -> size == -1).count() <= 1
        ? Optional.of(sizes)
        : Optional.empty();
  }

  private static String transpose(TracedCall c) {
    int rank = c.self().getShape().dimension();
    int[] reversed = IntStream.range(0, rank).map(i -> rank - 1 - i).toArray();
    int[] order = c.is(0, int[].class) ? c.argument(0, int[].class) : reversed;
    return transposed(
        c, IntStream.of(order).mapToObj(axis -> (long) Axes.counted(axis, rank)).toList());
  }

  private static String swapAxes(TracedCall c) {
    return transposed(c, Axes.swapped(c.self().getShape().dimension(), c.axis(0), c.axis(1)));
  }

  private static String transposed(TracedCall c, List<Long> order) {
    return c.node(c.trace().next("transpose"), "Transpose", List.of(), Map.of("perm", order));
  }

  private static String concat(TracedCall c) {
    String node = c.trace().next("concat");
    List<String> others =
        c.argument(0, NDList.class).stream().map(a -> c.trace().tensor(a, node)).toList();
    long axis = c.arity() > 1 ? c.argument(1, Integer.class) : 0;
    return c.node(node, "Concat", others, Map.of("axis", axis));
  }

  /** Each array with one more axis, one after the other along it. */
  private static String stack(TracedCall c) {
    int axis =
        Axes.counted(
            c.arity() > 1 ? c.argument(1, Integer.class) : 0, c.result().getShape().dimension());
    List<NDArray> arrays = new ArrayList<>(List.of(c.self()));
    arrays.addAll(c.argument(0, NDList.class));
    TracedShape shape = c.shapeOf(c.self());
    List<Long> sizes = new ArrayList<>(shape.sizes());
    List<Long> others = new ArrayList<>(shape.others());
    sizes.add(axis, 1L);
    others.add(axis, 1L);
    TracedShape one = new TracedShape(sizes, others);
    List<String> parts = arrays.stream().map(a -> reshape(c, a, one)).toList();
    return parts.size() == 1
        ? parts.get(0)
        : c.trace().node(c.trace().next("concat"), "Concat", parts, Map.of("axis", (long) axis));
  }

  private static List<String> split(TracedCall c) {
    if (c.results().size() == 1) {
      return List.of(same(c));
    }
    int axis = c.arity() > 1 ? c.axis(1) : 0;
    if (c.shapeOf(c.self()).varies(axis)) {
      throw c.untraceable("it splits the batch");
    }
    String node = c.trace().next("split");
    List<Long> sizes = c.results().stream().map(r -> r.getShape().get(axis)).toList();
    List<String> outputs =
        IntStream.rangeClosed(1, sizes.size()).mapToObj(i -> node + "." + i).toList();
    List<String> reads =
        List.of(c.trace().tensor(c.self(), node), c.integers(node + ".sizes", sizes));
    Attributes attributes = new Attributes(Map.of("axis", (long) axis));
    c.trace().node(new OperatorNode(node, "Split", reads, outputs, attributes));
    return outputs;
  }

  /** Expand keeps a size where it is asked for 1, so the batch needs no number. */
  private static String broadcast(TracedCall c) {
    TracedShape from = c.shapeOf(c.self());
    TracedShape to = c.shapeOf(c.result());
    int more = to.rank() - from.rank();
    List<Long> sizes = new ArrayList<>();
    for (int i = 0; i < to.rank(); i++) {
      if (to.varies(i) && (i < more || !from.varies(i - more))) {
        throw c.untraceable("it repeats an array for each sample of the batch");
      }
      sizes.add(to.varies(i) ? 1 : to.size(i));
    }
    if (to.equals(from)) {
      return same(c);
    }
    String node = c.trace().next("expand");
    return c.node(node, "Expand", List.of(c.integers(node + ".shape", sizes)), Map.of());
  }
}
