package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.index.dim.NDIndexAll;
import ai.djl.ndarray.index.dim.NDIndexElement;
import ai.djl.ndarray.index.dim.NDIndexFixed;
import ai.djl.ndarray.index.dim.NDIndexSlice;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Calls that read at positions. */
final class IndexCalls {
  private IndexCalls() {}

  static void addTo(CallTable calls) {
    calls.add("get", IndexCalls::get);
    calls.add("gatherNd", IndexCalls::gatherNd);
    calls.add("oneHot", IndexCalls::oneHot);
  }

  private static String get(TracedCall c) {
    for (int i = 0; i < c.arity(); i++) {
      if (c.is(i, NDArray.class)) {
        return gather(c, c.argument(i, NDArray.class));
      }
      if (c.is(i, NDIndex.class)) {
        return get(c, c.argument(i, NDIndex.class));
      }
      if (c.is(i, long[].class)) {
        return get(c, new NDIndex(c.argument(i, long[].class)));
      }
      if (c.is(i, String.class)) {
        return get(c, new NDIndex(c.argument(i, String.class), c.argument(i + 1, Object[].class)));
      }
    }
    throw c.untraceable("without an index");
  }

  private static String gather(TracedCall c, NDArray positions) {
    if (Casts.type(positions) == DataType.BOOL) {
      throw c.untraceable("how much a mask picks depends on the data");
    }
    String node = c.trace().next("gather");
    return c.node(node, "Gather", List.of(Casts.integers(c, positions, node)), Map.of("axis", 0L));
  }

  /** A slice along each axis that is not taken whole; then axes with a single position go. */
  private static String get(TracedCall c, NDIndex index) {
    TracedShape shape = c.shapeOf(c.self());
    List<List<Long>> slices = List.of(list(), list(), list(), list());
    List<Long> dropped = list();
    for (int i = 0; i < index.getRank(); i++) {
      int ellipsis = index.getEllipsisIndex();
      boolean after = ellipsis >= 0 && i >= ellipsis;
      int axis = after ? shape.rank() - index.getRank() + i : i;
      NDIndexElement element = index.get(i);
      if (element instanceof NDIndexFixed fixed) {
        add(c, slices, axis, fixed.getIndex(), fixed.getIndex() + 1, 1L);
        dropped.add((long) axis);
      } else if (element instanceof NDIndexSlice slice) {
        add(c, slices, axis, slice.getMin(), slice.getMax(), slice.getStep());
      } else if (!(element instanceof NDIndexAll)) {
        throw c.untraceable("an index of type " + element.getClass().getSimpleName());
      }
    }
    return slices.get(0).isEmpty() ? c.trace().tensor(c.self(), "") : squeezed(c, slices, dropped);
  }

  private static List<Long> list() {
    return new ArrayList<>();
  }

  private static void add(
      TracedCall c,
      List<List<Long>> slices,
      int axis,
      @Nullable Long from,
      @Nullable Long to,
      @Nullable Long step) {
    if (c.shapeOf(c.self()).varies(axis)) {
      throw c.untraceable("it takes some samples of the batch");
    }
    slices.get(0).add(from == null ? 0 : from);
    // After the last position comes the end, not position 0.
    slices.get(1).add(to == null || (from != null && from == -1 && to == 0) ? Long.MAX_VALUE : to);
    slices.get(2).add((long) axis);
    slices.get(3).add(step == null ? 1 : step);
  }

  private static String squeezed(TracedCall c, List<List<Long>> slices, List<Long> dropped) {
    String node = c.trace().next("slice");
    List<String> more =
        List.of(
            c.integers(node + ".starts", slices.get(0)),
            c.integers(node + ".ends", slices.get(1)),
            c.integers(node + ".axes", slices.get(2)),
            c.integers(node + ".steps", slices.get(3)));
    String slice = c.node(node, "Slice", more, Map.of());
    if (dropped.isEmpty()) {
      return slice;
    }
    String squeeze = c.trace().next("squeeze");
    String axes = c.integers(squeeze + ".axes", dropped);
    return c.trace().node(squeeze, "Squeeze", List.of(slice, axes), Map.of());
  }

  /** One row of positions, along the first axis. */
  private static String gatherNd(TracedCall c) {
    NDArray positions = c.argument(0, NDArray.class);
    TracedShape shape = c.shapeOf(positions);
    if (shape.rank() < 1 || shape.varies(0) || shape.size(0) != 1) {
      throw c.untraceable("expected positions along one axis, found " + positions.getShape());
    }
    String node = c.trace().next("gather");
    String axes = c.integers(node + ".axes", List.of(0L));
    String row =
        c.trace()
            .node(
                node + ".positions",
                "Squeeze",
                List.of(Casts.integers(c, positions, node), axes),
                Map.of());
    return c.node(node, "Gather", List.of(row), Map.of("axis", 0L));
  }

  /** 1 where a class is the one named, 0 elsewhere, along a new last axis. */
  private static String oneHot(TracedCall c) {
    if (c.arity() > 2) {
      throw c.untraceable("with values other than 0 and 1");
    }
    String node = c.trace().next("onehot");
    DataType type = Casts.type(c.self());
    long depth = c.argument(0, Integer.class);
    String axes = c.integers(node + ".axes", List.of(-1L));
    String column =
        c.trace()
            .node(
                node + ".column",
                "Unsqueeze",
                List.of(c.trace().tensor(c.self(), node), axes),
                Map.of());
    long[] numbers = LongStream.range(0, depth).toArray();
    String classes = c.trace().constant(node + ".classes", Tensor.ofIntegers(type, numbers, depth));
    c.trace().node(node + ".equal", "Equal", List.of(column, classes), Map.of());
    Attributes to = new Attributes(Map.of("to", (long) Casts.type(c.result()).onnx()));
    return c.trace()
        .node(new OperatorNode(node, "Cast", List.of(node + ".equal"), List.of(node), to));
  }
}
