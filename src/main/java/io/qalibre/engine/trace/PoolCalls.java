package io.qalibre.engine.trace;

import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Pooling. */
final class PoolCalls {
  private PoolCalls() {}

  static void addTo(CallTable calls) {
    calls.add("maxPool", PoolCalls::maxPool);
    calls.add("avgPool", PoolCalls::avgPool);
    calls.add("lpPool", PoolCalls::lpPool);
    calls.add("globalAvgPool", c -> globalPool(c, "GlobalAveragePool"));
    calls.add("globalMaxPool", c -> globalPool(c, "GlobalMaxPool"));
    calls.add("globalLpPool", PoolCalls::globalLpPool);
  }

  private static String maxPool(TracedCall c) {
    return c.node(c.trace().next("maxpool"), "MaxPool", List.of(), window(c));
  }

  /** DJL's PyTorch engine counts the padding whatever its last argument says. */
  private static String avgPool(TracedCall c) {
    Map<String, Object> attributes = new LinkedHashMap<>(window(c));
    attributes.put("count_include_pad", 1L);
    return c.node(c.trace().next("avgpool"), "AveragePool", List.of(), attributes);
  }

  private static Map<String, Object> window(TracedCall c) {
    return AttributeList.of(
        "kernel_shape",
        c.shape(0),
        "strides",
        c.shape(1),
        "pads",
        c.pads(2),
        "ceil_mode",
        c.flag(3) ? 1L : 0L);
  }

  /** DJL's global pooling drops the spatial axes; ONNX's keeps them. */
  private static String globalPool(TracedCall c, String type) {
    String pooled = c.node(c.trace().next("globalpool"), type, List.of(), Map.of());
    return withoutSpace(c, pooled);
  }

  private static String withoutSpace(TracedCall c, String pooled) {
    TracedShape flat = c.shapeOf(c.result());
    int spatial = c.self().getShape().dimension() - flat.rank();
    List<Long> sizes = new ArrayList<>(flat.sizes());
    List<Long> others = new ArrayList<>(flat.others());
    sizes.addAll(Collections.nCopies(spatial, 1L));
    others.addAll(Collections.nCopies(spatial, 1L));
    String node = c.trace().next("flatten");
    c.trace().node(node, "Flatten", List.of(pooled), Map.of("axis", 1L));
    return c.trace().reshaped(node, new Trace.View(pooled, new TracedShape(sizes, others)));
  }

  /** ONNX's sum takes absolute values, DJL's does not: where it matters, it is written out. */
  private static String lpPool(TracedCall c) {
    List<Long> kernel = c.shape(1);
    List<Long> strides = c.shape(2);
    float norm = c.number(0);
    if (!isEven(norm) || c.flag(4)) {
      return summed(c, kernel, strides, c.flag(4));
    }
    return c.node(
        c.trace().next("lppool"),
        "LpPool",
        List.of(),
        AttributeList.of("kernel_shape", kernel, "strides", strides, "p", (long) norm));
  }

  private static String globalLpPool(TracedCall c) {
    float norm = c.number(0);
    if (isEven(norm)) {
      String node = c.trace().next("globallppool");
      c.node(node, "GlobalLpPool", List.of(), Map.of("p", (long) norm));
      return withoutSpace(c, node);
    }
    List<Long> sizes = c.shapeOf(c.self()).sizes();
    List<Long> kernel = sizes.subList(2, sizes.size());
    return withoutSpace(c, summed(c, kernel, Collections.nCopies(kernel.size(), 1L), false));
  }

  private static boolean isEven(float norm) {
    return norm % 2 == 0;
  }

  /** (Σ xᵖ)^(1/p) over each window, by an average of the powers. */
  private static String summed(TracedCall c, List<Long> kernel, List<Long> strides, boolean ceil) {
    String node = c.trace().next("lppool");
    float norm = c.number(0);
    long window = kernel.stream().reduce(1L, Math::multiplyExact);
    String powers = power(c, node + ".powers", c.trace().tensor(c.self(), node), norm);
    String mean =
        c.trace()
            .node(
                node + ".mean",
                "AveragePool",
                List.of(powers),
                AttributeList.of(
                    "kernel_shape", kernel, "strides", strides, "ceil_mode", ceil ? 1L : 0L));
    String size = c.trace().constant(node + ".window", Tensor.scalar(window));
    String sum = norm == 1 ? node : node + ".sum";
    c.trace().node(sum, "Mul", List.of(mean, size), Map.of());
    return norm == 1 ? sum : power(c, node, sum, 1 / norm);
  }

  private static String power(TracedCall c, String node, String tensor, float exponent) {
    if (exponent == 1) {
      return tensor;
    }
    String constant = c.trace().constant(node + ".exponent", Tensor.scalar(exponent));
    return c.trace().node(node, "Pow", List.of(tensor, constant), Map.of());
  }
}
