package io.qalibre.analysis;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.op.OperatorCatalogue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The layers of a graph in groups of one precision each, and what they cost. AIMET groups in the
 * same way: a layer's weight goes with what the layer reads, and so do all layers that read it.
 */
final class PrecisionGroups {
  /** What a value that is not quantized counts as. */
  static final int FLOAT_BITS = 32;

  private static final int EIGHT_BY_EIGHT = 64;

  private final Graph graph;
  private final Map<String, Long> macs;
  private final List<PrecisionGroup> groups = new ArrayList<>();

  /** Multiplications in no group times their bits. */
  private final double rest;

  private record Layer(OperatorNode node, QuantizerNode weight, Optional<QuantizerNode> read) {}

  /**
   * Finds them.
   *
   * @throws QalibreException if no layer has a weight that is quantized to codes
   */
  PrecisionGroups(Graph graph) {
    this.graph = graph;
    macs = ShapeInference.macs(graph);
    List<Layer> layers = new ArrayList<>();
    double others = 0;
    for (OperatorNode node : graph.operators()) {
      Optional<QuantizerNode> weight = weight(node);
      weight.ifPresent(q -> layers.add(new Layer(node, q, quantizer(node.input(0)))));
      if (weight.isEmpty() && macs(node) > 0) {
        others += (double) macs(node) * bits(node, 0) * bits(node, 1);
      }
    }
    rest = others;
    if (layers.isEmpty()) {
      throw new QalibreException(
          "mixedPrecision: `" + graph.name() + "` has no layer whose weight is quantized to codes");
    }
    united(layers).forEach(united -> groups.add(group(united)));
  }

  List<PrecisionGroup> groups() {
    return List.copyOf(groups);
  }

  /** Bit operations as a share of those with 8 bits everywhere. */
  double share(Map<PrecisionGroup, Precision> chosen) {
    double all = macs.values().stream().mapToDouble(Long::doubleValue).sum() * EIGHT_BY_EIGHT;
    double sum = rest;
    for (PrecisionGroup group : groups) {
      Precision precision = chosen.get(group);
      sum += precision == null ? 0 : group.bitOperations(precision);
    }
    return sum / all;
  }

  private long macs(OperatorNode node) {
    return macs.getOrDefault(node.name(), 0L);
  }

  private int bits(OperatorNode node, int input) {
    return node.hasInput(input)
        ? quantizer(node.input(input)).map(q -> q.spec().bitwidth()).orElse(FLOAT_BITS)
        : FLOAT_BITS;
  }

  private Optional<QuantizerNode> weight(OperatorNode node) {
    return node.inputs().stream()
        .map(graph::producer)
        .flatMap(Optional::stream)
        .filter(QuantizerNode.class::isInstance)
        .map(QuantizerNode.class::cast)
        .filter(
            q ->
                q.placement().kind() == QuantizerPlacement.Kind.WEIGHT
                    && inCodes(q)
                    && macs(node) > 0)
        .findFirst();
  }

  private static boolean inCodes(QuantizerNode quantizer) {
    return quantizer.enabled() && !quantizer.spec().format().floating();
  }

  /** The quantizer whose grid a tensor's values lie on. */
  private Optional<QuantizerNode> quantizer(String tensor) {
    String at = tensor;
    while (true) {
      Node producer = graph.producer(at).orElse(null);
      if (producer instanceof QuantizerNode quantizer) {
        if (quantizer.enabled()) {
          return Optional.of(quantizer).filter(PrecisionGroups::inCodes);
        }
        at = quantizer.input();
      } else if (producer instanceof OperatorNode operator
          && operator.hasInput(0)
          && OperatorCatalogue.get(operator).preservesGrid()) {
        at = operator.input(0);
      } else {
        return Optional.empty();
      }
    }
  }

  /** Layers that share a grid, together. */
  private static List<List<Layer>> united(List<Layer> layers) {
    Map<String, List<Layer>> byId = new LinkedHashMap<>();
    for (Layer layer : layers) {
      List<String> ids = new ArrayList<>(List.of(layer.weight.id()));
      layer.read.ifPresent(q -> ids.add(q.id()));
      List<Layer> together = new ArrayList<>();
      for (String id : ids) {
        List<Layer> known = byId.getOrDefault(id, List.of());
        known.stream().filter(l -> !together.contains(l)).forEach(together::add);
      }
      together.add(layer);
      for (Layer each : together) {
        byId.put(each.weight.id(), together);
        each.read.ifPresent(q -> byId.put(q.id(), together));
      }
    }
    return byId.values().stream().distinct().toList();
  }

  private PrecisionGroup group(List<Layer> layers) {
    Map<String, Set<String>> nodes = nodesById();
    Set<String> weights = new HashSet<>();
    Set<String> activations = new HashSet<>();
    Set<String> constants = new HashSet<>();
    for (Layer layer : layers) {
      weights.addAll(nodes.getOrDefault(layer.weight.id(), Set.of()));
      constants.add(layer.weight.input());
      layer.read.ifPresent(q -> activations.addAll(nodes.getOrDefault(q.id(), Set.of())));
    }
    return new PrecisionGroup(
        layers.stream().map(layer -> layer.node.name()).toList(),
        weights,
        activations,
        constants,
        layers.stream().mapToLong(layer -> macs(layer.node)).sum());
  }

  private Map<String, Set<String>> nodesById() {
    Map<String, Set<String>> nodes = new HashMap<>();
    for (QuantizerNode quantizer : graph.quantizers()) {
      if (inCodes(quantizer)) {
        nodes.computeIfAbsent(quantizer.id(), k -> new HashSet<>()).add(quantizer.name());
      }
    }
    return nodes;
  }
}
