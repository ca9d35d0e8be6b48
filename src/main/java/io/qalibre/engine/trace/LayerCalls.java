package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import io.qalibre.engine.Transfer;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Layers with weights, normalizations and dropout. */
final class LayerCalls {
  /** What BatchNormalization takes where its node does not say. */
  private static final float ONNX_MOMENTUM = 0.9f;

  private LayerCalls() {}

  static void addTo(CallTable calls) {
    calls.add("convolution", LayerCalls::convolution);
    calls.add("deconvolution", LayerCalls::deconvolution);
    calls.add("linear", LayerCalls::linear);
    calls.add("embedding", LayerCalls::embedding);
    calls.add("batchNorm", LayerCalls::batchNorm);
    calls.add("layerNorm", LayerCalls::layerNorm);
    calls.add("dropout", LayerCalls::dropout);
    calls.add("prelu", LayerCalls::prelu);
  }

  /** Input, weight and, where it is given, bias: the first three arguments. */
  private static List<String> layerReads(TracedCall c, String node) {
    List<String> reads = new ArrayList<>(List.of(c.tensor(0, node), c.tensor(1, node)));
    if (c.has(2)) {
      reads.add(c.tensor(2, node));
    }
    return reads;
  }

  private static String convolution(TracedCall c) {
    String node = c.trace().next("conv");
    return c.trace()
        .node(
            node,
            "Conv",
            layerReads(c, node),
            AttributeList.of(
                "strides",
                c.shape(3),
                "pads",
                c.pads(4),
                "dilations",
                c.shape(5),
                "group",
                (long) c.argument(6, Integer.class)));
  }

  private static String deconvolution(TracedCall c) {
    String node = c.trace().next("convtranspose");
    long groups = c.argument(7, Integer.class);
    List<String> reads =
        new ArrayList<>(List.of(c.tensor(0, node), deconvolutionWeight(c, node, groups)));
    if (c.has(2)) {
      reads.add(c.tensor(2, node));
    }
    return c.trace()
        .node(
            node,
            "ConvTranspose",
            reads,
            AttributeList.of(
                "strides",
                c.shape(3),
                "pads",
                c.pads(4),
                "output_padding",
                c.shape(5),
                "dilations",
                c.shape(6),
                "group",
                groups));
  }

  /**
   * DJL's weight is filters × (channels / groups) × …, ONNX's channels × (filters / groups) × ….
   */
  private static String deconvolutionWeight(TracedCall c, String node, long groups) {
    NDArray weight = c.argument(1, NDArray.class);
    long[] sizes = weight.getShape().getShape();
    long filters = sizes[0] / groups;
    long spatial = weight.size() / (sizes[0] * sizes[1]);
    long[] wanted = sizes.clone();
    wanted[0] = sizes[1] * groups;
    wanted[1] = filters;
    try (NDArray grouped = weight.reshape(groups, filters, sizes[1], spatial);
        NDArray swapped = grouped.transpose(0, 2, 1, 3)) {
      Tensor tensor = Transfer.toTensor(swapped).reshape(wanted);
      return c.trace().constant(node + ".weight", tensor);
    }
  }

  private static String linear(TracedCall c) {
    String node = c.trace().next("linear");
    boolean matrix = c.argument(0, NDArray.class).getShape().dimension() == 2;
    if (!matrix) {
      return matmul(c, node);
    }
    return c.trace().node(node, "Gemm", layerReads(c, node), Map.of("transB", 1L));
  }

  /** Gemm takes matrices only: more dimensions make a MatMul with the weight transposed. */
  private static String matmul(TracedCall c, String node) {
    Tensor weight;
    try (NDArray transposed = c.argument(1, NDArray.class).transpose()) {
      weight = Transfer.toTensor(transposed);
    }
    String product = c.has(2) ? node + ".product" : node;
    c.trace()
        .node(
            product,
            "MatMul",
            List.of(c.tensor(0, node), c.trace().constant(node + ".weight", weight)),
            Map.of());
    return c.has(2)
        ? c.trace().node(node, "Add", List.of(product, c.tensor(2, node)), Map.of())
        : product;
  }

  private static String embedding(TracedCall c) {
    String node = c.trace().next("embedding");
    String indices = Casts.integers(c, c.argument(0, NDArray.class), node);
    return c.trace().node(node, "Gather", List.of(c.tensor(1, node), indices), Map.of("axis", 0L));
  }

  private static String batchNorm(TracedCall c) {
    if (c.flag(8) && !c.trace().options().training()) {
      throw c.untraceable("by the batch's own statistics in evaluation mode");
    }
    NDArray input = c.argument(0, NDArray.class);
    String node = c.trace().next("batchnorm");
    int axis = c.argument(5, Integer.class);
    // DJL's engine takes −1, too, as the axis of channels in N×C×….
    boolean channelsSecond = axis == 1 || axis == -1;
    String normalized = channelsSecond ? node : node + ".normalized";
    List<Long> order = Axes.swapped(input.getShape().dimension(), 1, axis);
    String data = c.tensor(0, node);
    c.trace()
        .node(
            normalized,
            "BatchNormalization",
            List.of(
                channelsSecond ? data : transpose(c, node + ".transposed", data, order),
                parameter(c, 3, node + ".gamma", 1),
                parameter(c, 4, node + ".beta", 0),
                c.tensor(1, node),
                c.tensor(2, node)),
            c.number(6) == ONNX_MOMENTUM
                ? AttributeList.of("epsilon", c.number(7))
                : AttributeList.of("epsilon", c.number(7), "momentum", c.number(6)));
    return channelsSecond ? normalized : transpose(c, node, normalized, order);
  }

  private static String transpose(TracedCall c, String node, String tensor, List<Long> order) {
    return c.trace().node(node, "Transpose", List.of(tensor), Map.of("perm", order));
  }

  /** A parameter that may be left out, as many values as the running mean has. */
  private static String parameter(TracedCall c, int index, String name, float otherwise) {
    if (c.has(index)) {
      return c.tensor(index, name.substring(0, name.lastIndexOf('.')));
    }
    float[] values = new float[(int) c.argument(1, NDArray.class).size()];
    Arrays.fill(values, otherwise);
    return c.trace().constant(name, Tensor.of(values, values.length));
  }

  private static String layerNorm(TracedCall c) {
    String node = c.trace().next("layernorm");
    List<Long> normalized = c.shape(1);
    List<String> reads = new ArrayList<>(List.of(c.tensor(0, node)));
    if (c.has(2)) {
      reads.add(c.tensor(2, node));
    } else {
      int size = normalized.stream().mapToInt(Math::toIntExact).reduce(1, Math::multiplyExact);
      float[] ones = new float[size];
      Arrays.fill(ones, 1);
      long[] shape = normalized.stream().mapToLong(Long::longValue).toArray();
      reads.add(c.trace().constant(node + ".gamma", Tensor.of(ones, shape)));
    }
    if (c.has(3)) {
      reads.add(c.tensor(3, node));
    }
    return c.trace()
        .node(
            node,
            "LayerNormalization",
            reads,
            AttributeList.of("axis", (long) -normalized.size(), "epsilon", c.number(4)));
  }

  private static String dropout(TracedCall c) {
    return dropout(c.trace(), c.tensor(0, "dropout"), c.number(1));
  }

  /** A dropout, which drops while the network is trained; none where the rate is 0. */
  static String dropout(Trace trace, String tensor, float rate) {
    if (rate == 0) {
      return tensor;
    }
    String node = trace.next("dropout");
    String ratio = trace.constant(node + ".ratio", Tensor.scalar(rate));
    return trace.node(node, "Dropout", List.of(tensor, ratio), Map.of());
  }

  private static String prelu(TracedCall c) {
    String node = c.trace().next("prelu");
    NDArray alpha = c.argument(1, NDArray.class);
    int rank = c.argument(0, NDArray.class).getShape().dimension();
    boolean channels = alpha.getShape().dimension() == 1 && alpha.size() > 1 && rank > 2;
    String slope = c.tensor(1, node);
    if (channels) {
      // DJL's slopes belong to axis 1, ONNX's are aligned at the last axis.
      List<Long> axes = new ArrayList<>(List.of(-1L));
      axes.addAll(Collections.nCopies(rank - 2, 1L));
      String sizes = c.integers(node + ".sizes", axes);
      slope = c.trace().node(node + ".slope", "Reshape", List.of(slope, sizes), Map.of());
    }
    return c.trace().node(node, "PRelu", List.of(c.tensor(0, node), slope), Map.of());
  }
}
