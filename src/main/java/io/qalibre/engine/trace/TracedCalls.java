package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import io.qalibre.engine.Transfer;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** The calls of DJL's arrays that have a counterpart in ONNX. */
final class TracedCalls {
  /** Records a call as operators and returns the tensor of its result. */
  @FunctionalInterface
  interface Converter {
    String convert(TracedCall call);
  }

  private static final Map<String, Converter> CONVERTERS = new TreeMap<>();

  static {
    CONVERTERS.put("convolution", TracedCalls::convolution);
    CONVERTERS.put("linear", TracedCalls::linear);
    CONVERTERS.put("batchNorm", TracedCalls::batchNorm);
    CONVERTERS.put("maxPool", TracedCalls::maxPool);
    CONVERTERS.put("avgPool", TracedCalls::avgPool);
    CONVERTERS.put("globalAvgPool", c -> globalPool(c, "GlobalAveragePool"));
    CONVERTERS.put("globalMaxPool", c -> globalPool(c, "GlobalMaxPool"));
    function("relu", "Relu");
    function("sigmoid", "Sigmoid");
    function("tanh", "Tanh");
    function("softPlus", "Softplus");
    function("mish", "Mish");
    function("erf", "Erf");
    CONVERTERS.put(
        "leakyRelu",
        c ->
            c.node(
                c.trace().next("leakyrelu"), "LeakyRelu", List.of(), Map.of("alpha", c.number(0))));
    CONVERTERS.put(
        "elu", c -> c.node(c.trace().next("elu"), "Elu", List.of(), Map.of("alpha", c.number(0))));
    CONVERTERS.put("clip", TracedCalls::clip);
    CONVERTERS.put("softmax", c -> axisFunction(c, "softmax", "Softmax"));
    CONVERTERS.put("logSoftmax", c -> axisFunction(c, "logsoftmax", "LogSoftmax"));
    binary("add", "Add");
    binary("sub", "Sub");
    binary("mul", "Mul");
    binary("div", "Div");
    CONVERTERS.put("reshape", TracedCalls::reshape);
    CONVERTERS.put("flatten", TracedCalls::reshape);
    CONVERTERS.put("squeeze", TracedCalls::reshape);
    CONVERTERS.put("expandDims", TracedCalls::reshape);
    CONVERTERS.put("concat", TracedCalls::concat);
    CONVERTERS.put("dropout", TracedCalls::same);
    CONVERTERS.put("stopGradient", TracedCalls::same);
    CONVERTERS.put("duplicate", TracedCalls::same);
  }

  private TracedCalls() {}

  /** The converter of a method. */
  static Optional<Converter> find(String method) {
    return Optional.ofNullable(CONVERTERS.get(method));
  }

  /** The methods that can be traced, sorted. */
  static Collection<String> names() {
    return CONVERTERS.keySet();
  }

  private static void function(String method, String type) {
    CONVERTERS.put(
        method,
        c ->
            c.node(
                c.trace().next(method.toLowerCase(java.util.Locale.ROOT)),
                type,
                List.of(),
                Map.of()));
  }

  private static void binary(String method, String type) {
    CONVERTERS.put(
        method,
        c -> {
          String node = c.trace().next(method);
          String other =
              c.has(0) && c.argument(0, Object.class) instanceof NDArray array
                  ? c.trace().tensor(array, node)
                  : c.trace().constant(node + ".constant", Tensor.scalar(c.number(0)));
          return c.node(node, type, List.of(other), Map.of());
        });
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
            attributes(
                "strides",
                c.shape(3),
                "pads",
                c.pads(4),
                "dilations",
                c.shape(5),
                "group",
                (long) c.argument(6, Integer.class)));
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

  private static String batchNorm(TracedCall c) {
    if (c.flag(8)) {
      throw c.untraceable("batch normalization in training mode");
    }
    int axis = c.argument(5, Integer.class);
    if (axis != 1 && axis != -1) {
      throw c.untraceable("channels on axis " + axis + ", expected 1");
    }
    String node = c.trace().next("batchnorm");
    return c.trace()
        .node(
            node,
            "BatchNormalization",
            List.of(
                c.tensor(0, node),
                c.tensor(3, node),
                c.tensor(4, node),
                c.tensor(1, node),
                c.tensor(2, node)),
            Map.of("epsilon", c.number(7)));
  }

  private static String maxPool(TracedCall c) {
    return c.node(
        c.trace().next("maxpool"),
        "MaxPool",
        List.of(),
        attributes(
            "kernel_shape",
            c.shape(0),
            "strides",
            c.shape(1),
            "pads",
            c.pads(2),
            "ceil_mode",
            c.flag(3) ? 1L : 0L));
  }

  private static String avgPool(TracedCall c) {
    return c.node(
        c.trace().next("avgpool"),
        "AveragePool",
        List.of(),
        attributes(
            "kernel_shape", c.shape(0),
            "strides", c.shape(1),
            "pads", c.pads(2),
            "ceil_mode", c.flag(3) ? 1L : 0L,
            "count_include_pad", c.flag(4) ? 1L : 0L));
  }

  /** DJL's global pooling drops the spatial axes; ONNX's keeps them. */
  private static String globalPool(TracedCall c, String type) {
    String pooled = c.node(c.trace().next("globalpool"), type, List.of(), Map.of());
    return c.result().getShape().dimension() == 2
        ? c.trace().node(c.trace().next("flatten"), "Flatten", List.of(pooled), Map.of("axis", 1L))
        : pooled;
  }

  private static String clip(TracedCall c) {
    String node = c.trace().next("clip");
    String low = c.trace().constant(node + ".min", Tensor.scalar(c.number(0)));
    String high = c.trace().constant(node + ".max", Tensor.scalar(c.number(1)));
    return c.node(node, "Clip", List.of(low, high), Map.of());
  }

  private static String axisFunction(TracedCall c, String prefix, String type) {
    long axis = c.argument(0, Integer.class);
    return c.node(c.trace().next(prefix), type, List.of(), Map.of("axis", axis));
  }

  private static String concat(TracedCall c) {
    String node = c.trace().next("concat");
    List<String> others =
        c.argument(0, NDList.class).stream().map(a -> c.trace().tensor(a, node)).toList();
    long axis = c.arity() > 1 ? c.argument(1, Integer.class) : 0;
    return c.node(node, "Concat", others, Map.of("axis", axis));
  }

  private static String same(TracedCall c) {
    return c.trace().tensor(c.self(), "");
  }

  /**
   * A reshape by what came out of it. A first dimension of the batch's size is the batch, whatever
   * its size will be.
   */
  private static String reshape(TracedCall c) {
    long[] from = c.self().getShape().getShape();
    long[] to = c.result().getShape().getShape();
    long batch = c.trace().batch();
    boolean keepsBatch = from.length > 0 && to.length > 0 && from[0] == batch && to[0] == batch;
    if (keepsBatch && to.length == 2) {
      return c.node(c.trace().next("flatten"), "Flatten", List.of(), Map.of("axis", 1L));
    }
    String node = c.trace().next("reshape");
    long[] sizes = to.clone();
    if (keepsBatch) {
      sizes[0] = 0;
    } else if (IntStream.range(1, to.length).anyMatch(i -> to[i] == batch)) {
      throw c.untraceable("the batch moves away from the first dimension: " + Arrays.toString(to));
    } else if (to.length > 0 && from[0] == batch) {
      sizes[0] = -1;
    }
    String shape = c.trace().constant(node + ".shape", Tensor.of(sizes, sizes.length));
    return c.node(node, "Reshape", List.of(shape), Map.of());
  }

  private static Map<String, Object> attributes(Object... namesAndValues) {
    Map<String, Object> attributes = new java.util.LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      attributes.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return attributes;
  }
}
