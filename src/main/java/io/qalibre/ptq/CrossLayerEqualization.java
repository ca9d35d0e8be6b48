package io.qalibre.ptq;

import io.qalibre.graph.ChannelScaling;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Range;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Makes the channels of neighbouring layers use their weights' ranges alike, without changing the
 * function: where only operators that commute with a positive factor lie between two layers (ReLU,
 * pooling), channel c of the first may be divided by s and the input channel c of the second
 * multiplied by it. With r₁, r₂ the largest absolute weights of channel c in both, s = √(r₁/r₂)
 * makes them equal. Pairs are equalized in turn until no factor changes any more.
 *
 * <p>ReLU6 does not commute with a factor: a pair with one between stays as it is.
 *
 * <p>Source: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction,
 * 2019 (arXiv 1906.04721).
 */
public final class CrossLayerEqualization {
  private static final int MAX_ROUNDS = 100;
  private static final double CONVERGED = 1e-4;

  /** One input, channels unchanged, f(s·x) = s·f(x) for s above 0. */
  private static final Set<String> COMMUTES =
      Set.of(
          "Relu",
          "LeakyRelu",
          "MaxPool",
          "AveragePool",
          "GlobalAveragePool",
          "Identity",
          "Dropout");

  private final Graph graph;
  private final Map<String, Tensor> values = new LinkedHashMap<>();

  private CrossLayerEqualization(Graph graph) {
    this.graph = graph;
  }

  /**
   * Two layers that are equalized.
   *
   * @param first the node whose output channels are divided
   * @param second the node whose input channels are multiplied
   */
  public record Pair(String first, String second) {}

  /**
   * An equalized graph.
   *
   * @param graph the graph
   * @param pairs the pairs of layers, in order
   * @param rounds how often all pairs were gone through
   */
  public record Result(Graph graph, List<Pair> pairs, int rounds) {
    /** Copies the list. */
    public Result {
      pairs = List.copyOf(pairs);
    }
  }

  /**
   * Equalizes all pairs of a graph whose batch normalizations are folded.
   *
   * @throws io.qalibre.errors.QalibreException if a weight holds NaN or infinity, naming it
   */
  public static Result equalize(Graph graph) {
    CrossLayerEqualization equalization = new CrossLayerEqualization(graph);
    List<Layers> pairs = equalization.pairs();
    int rounds = 0;
    double change = pairs.isEmpty() ? 0 : Double.POSITIVE_INFINITY;
    while (change > CONVERGED && rounds < MAX_ROUNDS) {
      change = pairs.stream().mapToDouble(equalization::equalize).max().orElse(0);
      rounds++;
    }
    return new Result(
        graph.withInitializers(equalization.values),
        pairs.stream().map(p -> new Pair(p.first.name(), p.second.name())).toList(),
        rounds);
  }

  private record Layers(OperatorNode first, OperatorNode second) {}

  private List<Layers> pairs() {
    List<Layers> pairs = new ArrayList<>();
    for (OperatorNode node : graph.operators()) {
      if (node.type().equals("Conv") && ownsParameters(node)) {
        next(node).map(second -> new Layers(node, second)).ifPresent(pairs::add);
      }
    }
    return pairs;
  }

  /** The convolution that alone reads this one's output, through operators that commute. */
  private Optional<OperatorNode> next(OperatorNode first) {
    OperatorNode at = first;
    while (graph.hasSingleConsumer(at.output())) {
      Node reader = graph.consumers(at.output()).get(0);
      if (!(reader instanceof OperatorNode operator)) {
        return Optional.empty();
      }
      if (operator.type().equals("Conv")) {
        return takesChannels(operator) ? Optional.of(operator) : Optional.empty();
      }
      if (!COMMUTES.contains(operator.type())) {
        return Optional.empty();
      }
      at = operator;
    }
    return Optional.empty();
  }

  private boolean ownsParameters(OperatorNode node) {
    return graph.isInitializer(node.input(1))
        && graph.hasSingleConsumer(node.input(1))
        && (!node.hasInput(2)
            || (graph.isInitializer(node.input(2)) && graph.hasSingleConsumer(node.input(2))));
  }

  private boolean takesChannels(OperatorNode second) {
    return ownsParameters(second) && (groups(second) == 1 || depthwise(second));
  }

  private static long groups(OperatorNode node) {
    return node.attributes().integer("group", 1);
  }

  private boolean depthwise(OperatorNode node) {
    long[] weight = graph.initializer(node.input(1)).sizes();
    return groups(node) == weight[0] && weight[1] == 1;
  }

  /** Equalizes a pair; returns the largest relative change of a channel. */
  private double equalize(Layers pair) {
    int axis = depthwise(pair.second) ? 0 : 1;
    double[] r1 = ranges(pair.first.input(1), 0);
    double[] r2 = ranges(pair.second.input(1), axis);
    double[] factors = new double[r1.length];
    for (int c = 0; c < factors.length; c++) {
      double factor = Math.sqrt(r1[c] / r2[c]);
      // A channel without weights on one side has nothing to be equalized with.
      factors[c] = Double.isFinite(factor) && factor > 0 ? factor : 1;
    }
    double[] inverse = Arrays.stream(factors).map(f -> 1 / f).toArray();
    scale(pair.first.input(1), 0, inverse);
    if (pair.first.hasInput(2)) {
      scale(pair.first.input(2), 0, inverse);
    }
    scale(pair.second.input(1), axis, factors);
    return Arrays.stream(factors).map(f -> Math.abs(Math.log(f))).max().orElse(0);
  }

  private Tensor value(String initializer) {
    return values.getOrDefault(initializer, graph.initializer(initializer));
  }

  private double[] ranges(String initializer, int axis) {
    return Weights.ranges(initializer, value(initializer), axis).stream()
        .mapToDouble(Range::absMax)
        .toArray();
  }

  private void scale(String initializer, int axis, double[] factors) {
    values.put(initializer, ChannelScaling.multiply(value(initializer), axis, factors));
  }
}
