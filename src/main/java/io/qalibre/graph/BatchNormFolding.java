package io.qalibre.graph;

import io.qalibre.graph.op.OperatorCatalogue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Folds batch normalizations into the convolution or linear layer before them, which leaves the
 * function as it is: with k = γ/√(σ² + ε), W′ = k·W and b′ = β + k·(b − μ) for each output channel.
 *
 * <p>The layer keeps its name and its output's; a missing bias becomes {@code <node>.bias}. A batch
 * normalization stays where something else reads the layer's output, or the layer shares its
 * weight; it gets mean 0 and variance 1 then ({@link LoneBatchNorms}).
 */
public final class BatchNormFolding {
  private static final String BATCH_NORM = "BatchNormalization";

  private final Graph graph;
  private final List<Folded> folded = new ArrayList<>();
  private final Map<String, Tensor> initializers = new LinkedHashMap<>();
  private final Map<String, Node> replaced = new LinkedHashMap<>();
  private final Map<String, String> renamed = new LinkedHashMap<>();

  private BatchNormFolding(Graph graph) {
    this.graph = graph;
  }

  /**
   * A batch normalization that is gone.
   *
   * @param layer the layer it went into
   * @param batchNorm its node's name
   * @param beta the mean of the layer's output after it, a value a channel
   * @param gamma the standard deviation of the layer's output after it, a value a channel
   */
  public record Folded(String layer, String batchNorm, List<Float> beta, List<Float> gamma) {
    /** Copies the lists. */
    public Folded {
      beta = List.copyOf(beta);
      gamma = List.copyOf(gamma);
    }
  }

  /**
   * A graph after folding.
   *
   * @param graph the graph
   * @param folded what was folded, in order
   */
  public record Result(Graph graph, List<Folded> folded) {
    /** Copies the list. */
    public Result {
      folded = List.copyOf(folded);
    }
  }

  /**
   * Folds every batch normalization that directly follows a convolution or linear layer, and gives
   * the others mean 0 and variance 1.
   */
  public static Result fold(Graph graph) {
    BatchNormFolding folding = new BatchNormFolding(graph);
    graph.operators().stream().filter(n -> n.type().equals(BATCH_NORM)).forEach(folding::fold);
    return new Result(LoneBatchNorms.rewrite(folding.rebuild()), folding.folded);
  }

  private void fold(OperatorNode norm) {
    Optional<OperatorNode> layer = layer(norm);
    boolean constant = norm.inputs().subList(1, 5).stream().allMatch(graph::isInitializer);
    if (layer.isEmpty() || !constant) {
      return;
    }
    float[] gamma = graph.initializer(norm.input(1)).floats();
    float[] beta = graph.initializer(norm.input(2)).floats();
    float[] mean = graph.initializer(norm.input(3)).floats();
    float[] variance = graph.initializer(norm.input(4)).floats();
    float epsilon = norm.attributes().number("epsilon", 1e-5f);
    // In float32 throughout, as AIMET folds: a weight that differs in its last bit may fall on
    // another code, and the simulations would no longer be comparable.
    double[] factors = new double[gamma.length];
    for (int c = 0; c < factors.length; c++) {
      factors[c] = gamma[c] / (float) Math.sqrt(variance[c] + epsilon);
    }
    scaleWeight(layer.get(), factors);
    setBias(layer.get(), norm, factors, beta, mean);
    folded.add(new Folded(layer.get().name(), norm.name(), list(beta), list(gamma)));
  }

  /** The layer before a batch normalization, if nothing else reads its output or its weight. */
  private Optional<OperatorNode> layer(OperatorNode norm) {
    return graph
        .producer(norm.input(0))
        .filter(OperatorNode.class::isInstance)
        .map(OperatorNode.class::cast)
        .filter(BatchNormFolding::isLayer)
        .filter(n -> graph.hasSingleConsumer(norm.input(0)))
        .filter(n -> graph.isInitializer(n.input(1)) && graph.hasSingleConsumer(n.input(1)))
        .filter(n -> !n.hasInput(2) || ownBias(n));
  }

  /** A grouped ConvTranspose spreads its output channels over two axes of its weight. */
  private static boolean isLayer(OperatorNode node) {
    return switch (node.type()) {
      case "Conv", "Gemm" -> true;
      case "ConvTranspose" -> node.attributes().integer("group", 1) == 1;
      default -> false;
    };
  }

  /** Whether a layer's bias is a constant of its own: a value a channel, or one for all. */
  private boolean ownBias(OperatorNode layer) {
    if (!graph.isInitializer(layer.input(2)) || !graph.hasSingleConsumer(layer.input(2))) {
      return false;
    }
    Tensor bias = graph.initializer(layer.input(2));
    return bias.size() == 1 || bias.sizes()[bias.rank() - 1] == bias.size();
  }

  private void scaleWeight(OperatorNode layer, double[] factors) {
    Tensor weight = graph.initializer(layer.input(1));
    int axis = OperatorCatalogue.weightAxis(layer);
    initializers.put(layer.input(1), ChannelScaling.multiply(weight, axis, factors));
  }

  private void setBias(
      OperatorNode layer, OperatorNode norm, double[] factors, float[] beta, float[] mean) {
    float[] before =
        layer.hasInput(2) ? graph.initializer(layer.input(2)).floats() : new float[factors.length];
    // A Gemm multiplies its bias by an attribute, which moves into the bias here.
    float times = layer.attributes().number("beta", 1);
    float[] bias = new float[factors.length];
    for (int c = 0; c < bias.length; c++) {
      float own = times * before[before.length == 1 ? 0 : c];
      bias[c] = beta[c] - (mean[c] - own) * (float) factors[c];
    }
    String name = layer.hasInput(2) ? layer.input(2) : freeName(layer.name() + ".bias");
    initializers.put(name, Tensor.of(bias, bias.length));
    // The layer's output keeps its name, unless the network gives out the normalization's.
    boolean output = graph.isOutput(norm.output());
    OperatorNode changed = layer.withInputs(List.of(layer.input(0), layer.input(1), name));
    if (times != 1) {
      changed = changed.withAttributes(layer.attributes().with("beta", 1f));
    }
    replaced.put(layer.name(), output ? changed.withOutputs(norm.outputs()) : changed);
    if (!output) {
      renamed.put(norm.output(), layer.output());
    }
  }

  private String freeName(String wanted) {
    boolean taken =
        graph.isInitializer(wanted)
            || graph.producer(wanted).isPresent()
            || graph.inputs().stream().anyMatch(i -> i.name().equals(wanted));
    return taken ? freeName(wanted + "_folded") : wanted;
  }

  private Graph rebuild() {
    List<String> gone = folded.stream().map(Folded::batchNorm).toList();
    GraphBuilder builder = graph.toBuilder();
    initializers.forEach(builder::initializer);
    return builder
        .nodes(
            graph.nodes().stream()
                .filter(n -> !gone.contains(n.name()))
                .map(n -> replaced.getOrDefault(n.name(), n))
                .map(this::rewire)
                .toList())
        .withoutUnusedInitializers()
        .build();
  }

  private Node rewire(Node node) {
    return node instanceof OperatorNode operator
        ? operator.withInputs(
            operator.inputs().stream().map(t -> renamed.getOrDefault(t, t)).toList())
        : node;
  }

  private static List<Float> list(float[] values) {
    List<Float> list = new ArrayList<>(values.length);
    for (float value : values) {
      list.add(value);
    }
    return list;
  }
}
