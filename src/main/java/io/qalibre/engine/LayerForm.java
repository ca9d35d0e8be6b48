package io.qalibre.engine;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * How {@link LayerScript} computes a layer: as rows by a matrix, samples flattened, or as a
 * convolution.
 *
 * @param kind rows by a weight of outputs×inputs or of inputs×outputs, or a convolution
 * @param inner the inner size of the product; 0 for a convolution
 * @param channels the output channels
 * @param window the window of a convolution; of a product only its axes count
 * @param scales the factors of product and bias, Gemm's alpha and beta
 */
record LayerForm(Kind kind, long inner, long channels, Window window, Scales scales) {
  private static final Scales NO_SCALES = new Scales(1, 1);

  /** The kinds, numbered as the program numbers them. */
  enum Kind {
    OUTPUTS_BY_INPUTS,
    INPUTS_BY_OUTPUTS,
    CONVOLUTION
  }

  /** The factors of product and bias. */
  record Scales(float product, float bias) {}

  /**
   * A convolution's window.
   *
   * @param axes the spatial axes; of a product those to move behind the channels
   * @param groups the groups
   * @param transposed whether the convolution is a transposed one
   * @param steps strides, paddings, dilations and output paddings, one an axis each
   * @param pads what is padded before the layer, as ATen's constant_pad_nd takes it
   */
  record Window(int axes, long groups, boolean transposed, List<Long> steps, List<Long> pads) {
    static Window none(int axes) {
      return new Window(axes, 1, false, List.of(), List.of());
    }
  }

  /**
   * The form of a layer.
   *
   * @param input the sizes of its input
   * @throws UnknownFormException if there is none, in words that say why
   */
  static LayerForm of(Graph graph, OperatorNode node, long[] input) {
    Tensor weight = graph.initializer(node.input(1));
    return switch (node.type()) {
      case "Conv" -> convolution(node, weight.sizes(), input);
      case "ConvTranspose" -> transposed(node, weight.sizes());
      case "Gemm" -> gemm(node, weight.sizes());
      case "MatMul" -> matmul(weight.sizes());
      default -> throw new UnknownFormException("a " + node.type() + " is no layer with a weight");
    };
  }

  /** The program's numbers {@code n}. */
  long[] numbers(int activation) {
    long[] head = {
      kind.ordinal(), inner, window.groups, window.transposed ? 1 : 0, activation, window.axes
    };
    return LongStream.concat(Arrays.stream(head), window.steps.stream().mapToLong(Long::longValue))
        .toArray();
  }

  /** What is padded before the layer. */
  long[] pads() {
    return window.pads.stream().mapToLong(Long::longValue).toArray();
  }

  /** The sizes in which the program takes the weight. */
  long[] weightSizes(long[] sizes) {
    return switch (kind) {
      case CONVOLUTION -> sizes;
      case OUTPUTS_BY_INPUTS -> new long[] {channels, inner};
      case INPUTS_BY_OUTPUTS -> new long[] {inner, channels};
    };
  }

  /** The sizes in which the program takes a number for each output channel, or for all. */
  long[] channelSizes(int count) {
    long[] sizes = new long[kind == Kind.CONVOLUTION ? window.axes + 1 : 1];
    Arrays.fill(sizes, 1);
    sizes[0] = count;
    return sizes;
  }

  /**
   * Whether the program is fastest on few samples at a time: products and convolutions in groups
   * are, where all else that a chunk needs stays in the cache; the others want many.
   */
  boolean chunked() {
    return kind != Kind.CONVOLUTION || window.groups > 1;
  }

  private static LayerForm gemm(OperatorNode node, long[] weight) {
    if (node.attributes().flag("transA", false)) {
      throw new UnknownFormException("its input is transposed");
    }
    Scales scales =
        new Scales(node.attributes().number("alpha", 1), node.attributes().number("beta", 1));
    boolean outputsFirst = node.attributes().flag("transB", false);
    return outputsFirst
        ? new LayerForm(Kind.OUTPUTS_BY_INPUTS, weight[1], weight[0], Window.none(0), scales)
        : new LayerForm(Kind.INPUTS_BY_OUTPUTS, weight[0], weight[1], Window.none(0), scales);
  }

  private static LayerForm matmul(long[] weight) {
    if (weight.length != 2) {
      throw new UnknownFormException("its weight is no matrix");
    }
    return new LayerForm(Kind.INPUTS_BY_OUTPUTS, weight[0], weight[1], Window.none(0), NO_SCALES);
  }

  private static LayerForm convolution(OperatorNode node, long[] weight, long[] input) {
    int axes = weight.length - 2;
    List<Long> strides = numbers(node, "strides", axes, 1);
    List<Long> dilations = numbers(node, "dilations", axes, 1);
    List<Long> pads = pads(node, weight, input);
    long groups = node.attributes().integer("group", 1);
    boolean point = Arrays.stream(weight, 2, weight.length).allMatch(k -> k == 1);
    boolean plain =
        Stream.concat(strides.stream(), pads.stream().map(p -> p + 1)).allMatch(n -> n == 1);
    if (point && plain && groups == 1) {
      return new LayerForm(
          Kind.OUTPUTS_BY_INPUTS, weight[1], weight[0], Window.none(axes), NO_SCALES);
    }
    List<Long> before = pads.subList(0, axes);
    boolean even = before.equals(pads.subList(axes, 2 * axes));
    List<Long> zeros = Collections.nCopies(axes, 0L);
    List<Long> steps = joined(strides, even ? before : zeros, dilations, zeros);
    Window window = new Window(axes, groups, false, steps, even ? List.of() : inner(pads));
    return new LayerForm(Kind.CONVOLUTION, 0, weight[0], window, NO_SCALES);
  }

  private static LayerForm transposed(OperatorNode node, long[] weight) {
    int axes = weight.length - 2;
    List<Long> strides = numbers(node, "strides", axes, 1);
    List<Long> dilations = numbers(node, "dilations", axes, 1);
    List<Long> extra = numbers(node, "output_padding", axes, 0);
    List<Long> pads = numbers(node, "pads", 2 * axes, 0);
    List<Long> before = pads.subList(0, axes);
    boolean said =
        List.of("NOTSET", "VALID").contains(node.attributes().text("auto_pad", "NOTSET"));
    if (!said
        || node.attributes().has("output_shape")
        || !before.equals(pads.subList(axes, 2 * axes))) {
      throw new UnknownFormException("its padding is uneven");
    }
    for (int i = 0; i < axes; i++) {
      if (extra.get(i) >= Math.max(strides.get(i), dilations.get(i))) {
        throw new UnknownFormException("its output padding is as large as its stride");
      }
    }
    long groups = node.attributes().integer("group", 1);
    Window window =
        new Window(axes, groups, true, joined(strides, before, dilations, extra), List.of());
    return new LayerForm(Kind.CONVOLUTION, 0, weight[1] * groups, window, NO_SCALES);
  }

  /** The padding before all axes, then that after them, as ONNX has it. */
  private static List<Long> pads(OperatorNode node, long[] weight, long[] input) {
    int axes = weight.length - 2;
    String rule = node.attributes().text("auto_pad", "NOTSET");
    if (!rule.startsWith("SAME")) {
      return rule.equals("VALID")
          ? Collections.nCopies(2 * axes, 0L)
          : numbers(node, "pads", 2 * axes, 0);
    }
    Long[] pads = new Long[2 * axes];
    for (int i = 0; i < axes; i++) {
      long stride = numbers(node, "strides", axes, 1).get(i);
      long extent = (weight[i + 2] - 1) * numbers(node, "dilations", axes, 1).get(i) + 1;
      long windows = (input[i + 2] + stride - 1) / stride;
      long total = Math.max(0, (windows - 1) * stride + extent - input[i + 2]);
      long before = rule.equals("SAME_UPPER") ? total / 2 : total - total / 2;
      pads[i] = before;
      pads[axes + i] = total - before;
    }
    return List.of(pads);
  }

  /** ATen's order: before and after, the last axis first. */
  private static List<Long> inner(List<Long> pads) {
    int axes = pads.size() / 2;
    return LongStream.range(0, axes)
        .map(i -> axes - 1 - i)
        .boxed()
        .flatMap(i -> Stream.of(pads.get(i.intValue()), pads.get(axes + i.intValue())))
        .toList();
  }

  private static List<Long> numbers(OperatorNode node, String name, int count, long otherwise) {
    return node.attributes().integers(name).orElse(Collections.nCopies(count, otherwise));
  }

  @SafeVarargs
  private static List<Long> joined(List<Long>... lists) {
    return Arrays.stream(lists).flatMap(List::stream).toList();
  }
}
