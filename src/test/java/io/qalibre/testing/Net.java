package io.qalibre.testing;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Small graphs with seeded random weights. The input is {@code x}; each node writes one tensor of
 * its own name; a layer's parameters are {@code <node>.weight} and {@code <node>.bias}.
 */
public final class Net {
  private final GraphBuilder builder;
  private final Random random = new Random(7);

  private Net(GraphBuilder builder) {
    this.builder = builder;
  }

  /** Starts with an input {@code x} of N×sizes. */
  public static Net input(long... sizes) {
    Dim[] dims = new Dim[sizes.length + 1];
    dims[0] = Dim.symbolic("N");
    for (int i = 0; i < sizes.length; i++) {
      dims[i + 1] = sizes[i] < 0 ? Dim.unknown() : Dim.of(sizes[i]);
    }
    return new Net(
        new GraphBuilder("net").input(new ValueInfo("x", DataType.FLOAT, TensorShape.of(dims))));
  }

  /** Adds another input. */
  public Net input(ValueInfo input) {
    builder.input(input);
    return this;
  }

  /** Adds an initializer. */
  public Net constant(String name, Tensor value) {
    builder.initializer(name, value);
    return this;
  }

  /** Adds a random initializer, normal with a standard deviation of 0.5. */
  public Net random(String name, long... shape) {
    return constant(name, normal(random, shape));
  }

  /** Adds a node; attributes come as names and values in turn. */
  public Net op(String name, String type, List<String> inputs, Object... attributes) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (int i = 0; i < attributes.length; i += 2) {
      values.put((String) attributes[i], attributes[i + 1]);
    }
    builder.node(new OperatorNode(name, type, inputs, List.of(name), new Attributes(values)));
    return this;
  }

  /** Splits a tensor along an axis evenly. */
  public Net split(String input, long axis, String... outputs) {
    Attributes attributes = new Attributes(Map.of("axis", axis));
    builder.node(
        new OperatorNode(outputs[0], "Split", List.of(input), List.of(outputs), attributes));
    return this;
  }

  /** Adds a convolution with a bias that keeps the size of its input. */
  public Net conv(String name, String input, long... weight) {
    return grouped(name, input, 1, weight);
  }

  /** Adds a convolution in groups, with a bias. */
  public Net grouped(String name, String input, long groups, long... weight) {
    long half = weight[2] / 2;
    return random(name + ".weight", weight)
        .random(name + ".bias", weight[0])
        .op(
            name,
            "Conv",
            List.of(input, name + ".weight", name + ".bias"),
            "pads",
            List.of(half, half, half, half),
            "group",
            groups);
  }

  /** Adds a convolution without bias. */
  public Net convNoBias(String name, String input, long... weight) {
    long half = weight[2] / 2;
    return random(name + ".weight", weight)
        .op(
            name,
            "Conv",
            List.of(input, name + ".weight"),
            "pads",
            List.of(half, half, half, half));
  }

  /** Adds a batch normalization with random statistics and parameters. */
  public Net batchNorm(String name, String input, int channels) {
    float[] variance = new float[channels];
    for (int i = 0; i < channels; i++) {
      variance[i] = 0.2f + random.nextFloat();
    }
    return random(name + ".gamma", channels)
        .random(name + ".beta", channels)
        .random(name + ".mean", channels)
        .constant(name + ".var", Tensor.of(variance, channels))
        .op(
            name,
            "BatchNormalization",
            List.of(input, name + ".gamma", name + ".beta", name + ".mean", name + ".var"),
            "epsilon",
            1e-3f);
  }

  /** Adds a linear layer whose weight is stored as outputs×inputs. */
  public Net linear(String name, String input, long outputs, long inputs) {
    return random(name + ".weight", outputs, inputs)
        .random(name + ".bias", outputs)
        .op(name, "Gemm", List.of(input, name + ".weight", name + ".bias"), "transB", 1L);
  }

  /** The graph with these outputs, whose shapes are left open. */
  public Graph unchecked(String... outputs) {
    for (String output : outputs) {
      builder.output(new ValueInfo(output, DataType.FLOAT, TensorShape.of(Dim.unknown())));
    }
    return builder.build();
  }

  /** The graph with these outputs. */
  public Graph build(String... outputs) {
    Graph graph = unchecked(outputs);
    Map<String, TensorShape> shapes = ShapeInference.infer(graph);
    GraphBuilder shaped = new GraphBuilder(graph.name());
    graph.inputs().forEach(shaped::input);
    graph.initializers().forEach(shaped::initializer);
    shaped.nodes(graph.nodes());
    for (String output : outputs) {
      shaped.output(new ValueInfo(output, DataType.FLOAT, shapes.get(output)));
    }
    return shaped.build();
  }

  /** Normal numbers with a standard deviation of 0.5. */
  public static Tensor normal(Random random, long... shape) {
    long count = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    float[] values = new float[(int) count];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (0.5 * random.nextGaussian());
    }
    return Tensor.of(values, shape);
  }

  /** Standard normal numbers. */
  public static Tensor data(long seed, long... shape) {
    float[] values = normal(new Random(seed), shape).floats();
    for (int i = 0; i < values.length; i++) {
      values[i] *= 2;
    }
    return Tensor.of(values, shape);
  }
}
