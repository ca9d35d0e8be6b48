package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.LayerWeight;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the sets of layers that AIMET equalizes: in each chain of convolutions with nothing but
 * Relu and PRelu between, the pairs whose second layer is a plain convolution, and the triples with
 * a depthwise one in the middle. What is grouped otherwise ends a chain.
 */
final class AimetPairs {
  private static final Set<String> ACTIVATIONS = Set.of("Relu", "PRelu");

  private final Graph graph;

  AimetPairs(Graph graph) {
    this.graph = graph;
  }

  /** Lists of one pair, or of the two pairs of a triple, in order. */
  List<List<LayerPair>> find() {
    List<List<LayerPair>> sets = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (OperatorNode node : graph.operators()) {
      if (!seen.contains(node.name())) {
        List<LayerPair> chain = chain(node);
        chain.forEach(pair -> seen.add(pair.second().layer().name()));
        sets.addAll(sets(chain));
      }
    }
    return sets;
  }

  /** The neighbours in the chain that begins at a node. */
  private List<LayerPair> chain(OperatorNode node) {
    List<LayerPair> chain = new ArrayList<>();
    Optional<LayerPair> pair = layer(node).flatMap(this::next);
    while (pair.isPresent()) {
      chain.add(pair.get());
      pair = next(pair.get().second());
    }
    return chain;
  }

  private Optional<LayerWeight> layer(OperatorNode node) {
    return LayerWeight.of(graph, node)
        .filter(LayerWeight::convolution)
        .filter(w -> w.groups() == 1 || w.depthwise());
  }

  private Optional<LayerPair> next(LayerWeight first) {
    List<OperatorNode> between = new ArrayList<>();
    OperatorNode at = first.layer();
    while (graph.hasSingleConsumer(at.output())) {
      Node reader = graph.consumers(at.output()).get(0);
      if (!(reader instanceof OperatorNode operator)) {
        return Optional.empty();
      }
      if (!ACTIVATIONS.contains(operator.type())) {
        return layer(operator)
            .map(second -> new LayerPair(first, second, between, Double.POSITIVE_INFINITY));
      }
      between.add(operator);
      at = operator;
    }
    return Optional.empty();
  }

  private static List<List<LayerPair>> sets(List<LayerPair> chain) {
    List<List<LayerPair>> sets = new ArrayList<>();
    int i = 0;
    while (i < chain.size()) {
      LayerPair pair = chain.get(i);
      boolean triple =
          pair.second().depthwise()
              && !pair.first().depthwise()
              && i + 1 < chain.size()
              && !chain.get(i + 1).second().depthwise();
      if (triple) {
        sets.add(List.of(pair, chain.get(i + 1)));
        i++;
      } else if (!pair.second().depthwise()) {
        sets.add(List.of(pair));
      }
      i++;
    }
    return sets;
  }
}
