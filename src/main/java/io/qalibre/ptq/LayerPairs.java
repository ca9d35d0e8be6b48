package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.LayerBias;
import io.qalibre.graph.LayerWeight;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Finds the pairs of layers that can be equalized: only operators that commute with a positive
 * factor for each channel lie between them, and nothing else reads what they write.
 */
final class LayerPairs {
  /** One input, channels unchanged, f(s·x) = s·f(x) for s above 0. */
  private static final Set<String> COMMUTES =
      Set.of(
          "Relu",
          "LeakyRelu",
          "PRelu",
          "MaxPool",
          "AveragePool",
          "GlobalAveragePool",
          "GlobalMaxPool",
          "Identity",
          "Dropout");

  private final Graph graph;

  LayerPairs(Graph graph) {
    this.graph = graph;
  }

  /**
   * All pairs, in order of execution; a layer may be the second of one and the first of another.
   */
  List<LayerPair> find() {
    List<LayerPair> pairs = new ArrayList<>();
    for (OperatorNode node : graph.operators()) {
      LayerWeight.of(graph, node)
          .filter(first -> LayerBias.of(graph, first).isPresent())
          .flatMap(this::pair)
          .ifPresent(pairs::add);
    }
    return pairs;
  }

  private Optional<LayerPair> pair(LayerWeight first) {
    List<OperatorNode> between = new ArrayList<>();
    boolean flat = !first.convolution();
    double bound = Double.POSITIVE_INFINITY;
    Optional<OperatorNode> reader = reader(first.layer());
    while (reader.isPresent()) {
      OperatorNode node = reader.get();
      Optional<LayerWeight> second = LayerWeight.of(graph, node);
      if (second.isPresent()) {
        return second.get().convolution() != flat && fits(first, second.get())
            ? Optional.of(new LayerPair(first, second.get(), between, bound))
            : Optional.empty();
      }
      OptionalDouble clip = ClipBounds.fromZero(graph, node);
      boolean flattens = !flat && flattens(node);
      boolean clips = clip.isPresent() && flat != first.convolution();
      if (!COMMUTES.contains(node.type()) && !flattens && !clips) {
        return Optional.empty();
      }
      flat |= flattens;
      bound = Math.min(bound, clip.orElse(Double.POSITIVE_INFINITY));
      between.add(node);
      reader = reader(node);
    }
    return Optional.empty();
  }

  /** The only operator that reads a node's output, as its data. */
  private Optional<OperatorNode> reader(OperatorNode node) {
    if (!graph.hasSingleConsumer(node.output())) {
      return Optional.empty();
    }
    Node reader = graph.consumers(node.output()).get(0);
    return Optional.of(reader)
        .filter(OperatorNode.class::isInstance)
        .map(OperatorNode.class::cast)
        .filter(r -> r.input(0).equals(node.output()));
  }

  private static boolean flattens(OperatorNode node) {
    return node.type().equals("Flatten") && node.attributes().integer("axis", 1) == 1;
  }

  private static boolean fits(LayerWeight first, LayerWeight second) {
    return !second.layer().attributes().flag("transA", false)
        && second.inputs() % first.outputs() == 0
        && (second.inputs() == first.outputs() || !second.convolution());
  }
}
