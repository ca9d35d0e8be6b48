package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.LayerBias;
import io.qalibre.graph.LayerWeight;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.TensorFacts;
import io.qalibre.graph.op.NodeContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the pairs of layers that can be equalized: only operators that commute with a positive
 * factor for each channel lie between them, and nothing else reads what they write.
 */
final class LayerPairs {
  /** One input, channels unchanged, f(s·x) = s·f(x) for s above 0. */
  private static final Set<String> COMMUTES =
      Set.of("Relu", "LeakyRelu", "PRelu", "Identity", "Dropout");

  /** The same, where channels lie along axis 1. */
  private static final Set<String> POOLS =
      Set.of("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool");

  private final Graph graph;

  /** The graph's shapes, once a Pad has asked for them. */
  private @Nullable TensorFacts facts;

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
    Optional<OperatorNode> bias = Biases.addedTo(graph, first).map(Biases.Bias::adds);
    bias.ifPresent(between::add);
    Optional<OperatorNode> reader = reader(bias.orElse(first.layer()));
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
      boolean pools = !flat && POOLS.contains(node.type());
      boolean commutes = COMMUTES.contains(node.type()) || pools || padsZeros(node, first);
      if (!commutes && !flattens && !clips) {
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

  private boolean padsZeros(OperatorNode node, LayerWeight first) {
    if (!node.type().equals("Pad")) {
      return false;
    }
    facts = facts == null ? ShapeInference.facts(graph) : facts;
    NodeContext pad = facts.context(node);
    return ZeroPads.keepChannels(pad, first.convolution() ? 1 : pad.shape(0).rank() - 1);
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
