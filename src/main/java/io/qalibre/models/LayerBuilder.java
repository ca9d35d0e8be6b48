package io.qalibre.models;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Builds a classifier of square pictures layer by layer, with seeded initial weights. Each node
 * writes one tensor of its own name, the last one {@code output}; windows are padded so that stride
 * 1 keeps the size of an odd kernel's input.
 */
final class LayerBuilder {
  private static final String INPUT = "input";
  private static final String OUTPUT = "output";
  private static final Dim BATCH = Dim.symbolic("N");

  private final GraphBuilder builder;
  private final InitialWeights weights;
  private final BatchNormNames names;

  /** How the parameters of a batch normalization are called after its name and a dot. */
  enum BatchNormNames {
    /** As in torch's {@code state_dict}. */
    TORCH("weight", "bias", "running_mean", "running_var"),
    /** As in DJL's {@code BatchNorm}. */
    DJL("gamma", "beta", "runningMean", "runningVar");

    private final String gamma;
    private final String beta;
    private final String mean;
    private final String variance;

    BatchNormNames(String gamma, String beta, String mean, String variance) {
      this.gamma = gamma;
      this.beta = beta;
      this.mean = mean;
      this.variance = variance;
    }
  }

  /** A tensor and its number of channels. */
  record Features(String tensor, int channels) {}

  LayerBuilder(String name, long seed, BatchNormNames names) {
    this.builder = new GraphBuilder(name);
    this.weights = new InitialWeights(seed);
    this.names = names;
  }

  /**
   * Declares the input {@code input} of N×channels×size×size.
   *
   * @throws QalibreException if the size is below 1
   */
  Features input(int channels, int size) {
    if (size < 1) {
      throw new QalibreException("size: expected 1 pixel or more, found " + size);
    }
    TensorShape shape = TensorShape.of(BATCH, Dim.of(channels), Dim.of(size), Dim.of(size));
    builder.input(new ValueInfo(INPUT, DataType.FLOAT, shape));
    return new Features(INPUT, channels);
  }

  /** A convolution without bias. */
  Features conv(String name, Features x, int channels, int kernel, int stride) {
    Tensor weight = weights.kaiming(name + ".weight", channels, x.channels(), kernel, kernel);
    return conv(name, x, weight, stride, 1);
  }

  /** A convolution without bias of each channel by itself. */
  Features depthwise(String name, Features x, int kernel, int stride) {
    Tensor weight = weights.kaiming(name + ".weight", x.channels(), 1, kernel, kernel);
    return conv(name, x, weight, stride, x.channels());
  }

  private Features conv(String name, Features x, Tensor weight, int stride, int groups) {
    long[] sizes = weight.sizes();
    builder.initializer(name + ".weight", weight);
    node(
        name,
        "Conv",
        List.of(x.tensor(), name + ".weight"),
        Map.of(
            "strides", square(stride),
            "pads", pads(sizes[2]),
            "dilations", square(1),
            "group", (long) groups));
    return new Features(name, (int) sizes[0]);
  }

  /** A batch normalization that changes nothing yet: γ = 1, β = 0, mean 0, variance 1. */
  Features batchNorm(String name, Features x) {
    return batchNorm(name, x, 1);
  }

  /** A batch normalization with β = 0, mean 0, variance 1. */
  Features batchNorm(String name, Features x, float initialGamma) {
    String gamma = vector(name + "." + names.gamma, initialGamma, x.channels());
    String beta = vector(name + "." + names.beta, 0, x.channels());
    String mean = vector(name + "." + names.mean, 0, x.channels());
    String variance = vector(name + "." + names.variance, 1, x.channels());
    node(
        name,
        "BatchNormalization",
        List.of(x.tensor(), gamma, beta, mean, variance),
        Map.of("epsilon", 1e-5f));
    return new Features(name, x.channels());
  }

  private String vector(String tensor, float value, int size) {
    builder.initializer(tensor, InitialWeights.constant(value, size));
    return tensor;
  }

  /** max(x, 0). */
  Features relu(String name, Features x) {
    return unary(name, "Relu", x, Map.of());
  }

  /** min(max(x, 0), 6), with the bounds as constants of this node. */
  Features relu6(String name, Features x) {
    builder.initializer(name + ".min", Tensor.scalar(0));
    builder.initializer(name + ".max", Tensor.scalar(6));
    node(name, "Clip", List.of(x.tensor(), name + ".min", name + ".max"), Map.of());
    return new Features(name, x.channels());
  }

  /** The sum of two tensors of one shape. */
  Features add(String name, Features x, Features y) {
    node(name, "Add", List.of(x.tensor(), y.tensor()), Map.of());
    return new Features(name, x.channels());
  }

  /** The largest value of each window. */
  Features maxPool(String name, Features x, int kernel, int stride) {
    return unary(
        name,
        "MaxPool",
        x,
        Map.of(
            "kernel_shape", square(kernel),
            "strides", square(stride),
            "pads", pads(kernel),
            "ceil_mode", 0L));
  }

  /** The mean of each channel. */
  Features globalAveragePool(String name, Features x) {
    return unary(name, "GlobalAveragePool", x, Map.of());
  }

  /**
   * All values of a sample in a row.
   *
   * @param positions the number of values a channel
   */
  Features flatten(String name, Features x, int positions) {
    unary(name, "Flatten", x, Map.of("axis", 1L));
    return new Features(name, Math.multiplyExact(x.channels(), positions));
  }

  /**
   * Ends the network with a linear layer: weight and bias uniform in ±1/√inputs, as torch's {@code
   * nn.Linear} begins.
   *
   * @throws QalibreException if there is no class
   */
  Graph uniformLogits(String name, Features x, int classes) {
    requireClasses(classes);
    double bound = 1 / Math.sqrt(x.channels());
    Tensor weight = weights.uniform(name + ".weight", bound, classes, x.channels());
    return logits(name, x, weight, weights.uniform(name + ".bias", bound, classes));
  }

  /**
   * Ends the network with a linear layer: weight normal, bias 0.
   *
   * @param deviation the weight's standard deviation
   * @throws QalibreException if there is no class
   */
  Graph normalLogits(String name, Features x, int classes, double deviation) {
    requireClasses(classes);
    Tensor weight = weights.normal(name + ".weight", deviation, classes, x.channels());
    return logits(name, x, weight, InitialWeights.constant(0, classes));
  }

  private static void requireClasses(int classes) {
    if (classes < 1) {
      throw new QalibreException("classes: expected 1 or more, found " + classes);
    }
  }

  private Graph logits(String name, Features x, Tensor weight, Tensor bias) {
    builder.initializer(name + ".weight", weight).initializer(name + ".bias", bias);
    List<String> inputs = List.of(x.tensor(), name + ".weight", name + ".bias");
    builder.node(
        new OperatorNode(name, "Gemm", inputs, List.of(OUTPUT), attributes(Map.of("transB", 1L))));
    TensorShape shape = TensorShape.of(BATCH, Dim.of(bias.size()));
    return builder.output(new ValueInfo(OUTPUT, DataType.FLOAT, shape)).build();
  }

  private Features unary(String name, String type, Features x, Map<String, Object> attributes) {
    node(name, type, List.of(x.tensor()), attributes);
    return new Features(name, x.channels());
  }

  private void node(String name, String type, List<String> reads, Map<String, Object> attributes) {
    builder.node(new OperatorNode(name, type, reads, List.of(name), attributes(attributes)));
  }

  /** The attributes sorted by name: {@code Map.of} has another order in each run. */
  private static Attributes attributes(Map<String, Object> values) {
    Map<String, Object> sorted = new LinkedHashMap<>();
    values.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(e -> sorted.put(e.getKey(), e.getValue()));
    return new Attributes(sorted);
  }

  private static List<Long> square(long size) {
    return List.of(size, size);
  }

  private static List<Long> pads(long kernel) {
    long half = (kernel - 1) / 2;
    return List.of(half, half, half, half);
  }
}
