package io.qalibre.engine.trace;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Sums, means and the like over axes, and orders along one. */
final class ReductionCalls {
  private ReductionCalls() {}

  static void addTo(CallTable calls) {
    calls.add("sum", c -> reduce(c, "sum", "ReduceSum"));
    calls.add("mean", c -> reduce(c, "mean", "ReduceMean"));
    calls.add("max", c -> reduce(c, "max", "ReduceMax"));
    calls.add("min", c -> reduce(c, "min", "ReduceMin"));
    calls.add("argMax", c -> arg(c, "argmax", "ArgMax"));
    calls.add("argMin", c -> arg(c, "argmin", "ArgMin"));
    calls.add("argSort", ReductionCalls::argSort);
  }

  /** Axes are an input of ReduceSum since opset 13, of the others since 18. */
  private static String reduce(TracedCall c, String prefix, String type) {
    if (c.has(0) && !c.is(0, int[].class)) {
      throw c.untraceable("expected axes, found " + c.argument(0, Object.class));
    }
    String node = c.trace().next(prefix);
    long keep = c.is(1, Boolean.class) && c.flag(1) ? 1 : 0;
    boolean asInput = type.equals("ReduceSum") || c.trace().options().axesAsInput();
    List<String> more = asInput ? List.of(c.integers(node + ".axes", c.axes(0))) : List.of();
    Map<String, Object> attributes =
        asInput ? Map.of("keepdims", keep) : AttributeList.of("axes", c.axes(0), "keepdims", keep);
    return c.node(node, type, more, attributes);
  }

  private static String arg(TracedCall c, String prefix, String type) {
    if (c.arity() == 0) {
      throw c.untraceable("without an axis");
    }
    Map<String, Object> attributes = AttributeList.of("axis", (long) c.axis(0), "keepdims", 0L);
    return c.node(c.trace().next(prefix), type, List.of(), attributes);
  }

  /** The positions that TopK gives when it is asked for all. */
  private static String argSort(TracedCall c) {
    String node = c.trace().next("argsort");
    int axis = c.arity() > 0 ? c.axis(0) : c.self().getShape().dimension() - 1;
    boolean ascending = c.arity() < 2 || c.flag(1);
    TracedShape shape = c.shapeOf(c.self());
    if (shape.varies(axis)) {
      throw c.untraceable("along the batch");
    }
    List<String> reads = new ArrayList<>(List.of(c.trace().tensor(c.self(), node)));
    reads.add(c.trace().constant(node + ".k", Tensor.of(new long[] {shape.size(axis)}, 1)));
    Attributes attributes =
        new Attributes(AttributeList.of("axis", (long) axis, "largest", ascending ? 0L : 1L));
    List<String> outputs = List.of(node + ".values", node);
    c.trace().node(new OperatorNode(node, "TopK", reads, outputs, attributes));
    return node;
  }
}
