package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Layers that do not depend on each other, but on all those of earlier stages that they depend on
 * at all: they can be treated at once.
 *
 * @param layers the layers
 * @param live the tensors from which these layers and all later ones can be computed, without
 *     running a layer of an earlier stage again
 */
record Stage(List<LinearLayer> layers, Set<String> live) {

  /** The stages of a graph, first to last. */
  static List<Stage> of(Graph graph, List<LinearLayer> layers) {
    Set<String> names = layers.stream().map(LinearLayer::name).collect(Collectors.toSet());
    Map<String, Integer> depth = depths(graph, names);
    List<Node> needed = needed(graph, names);
    int last = layers.stream().mapToInt(l -> depth(depth, l)).max().orElse(0);
    List<Stage> stages = new ArrayList<>();
    for (int stage = 0; stage < last; stage++) {
      int at = stage;
      stages.add(
          new Stage(
              layers.stream().filter(l -> depth(depth, l) == at + 1).toList(),
              live(needed, depth, at)));
    }
    return stages;
  }

  private static int depth(Map<String, Integer> depth, LinearLayer layer) {
    return depth.getOrDefault(layer.node().output(), 0);
  }

  /**
   * For each tensor that depends on the inputs the largest number of layers on a way to it, itself
   * included.
   */
  private static Map<String, Integer> depths(Graph graph, Set<String> layers) {
    Map<String, Integer> depth = new HashMap<>();
    graph.inputs().forEach(input -> depth.put(input.name(), 0));
    for (Node node : graph.nodes()) {
      int deepest =
          node.inputs().stream().mapToInt(t -> depth.getOrDefault(t, -1)).max().orElse(-1);
      if (deepest >= 0) {
        boolean layer = node instanceof OperatorNode && layers.contains(node.name());
        node.outputs().forEach(t -> depth.put(t, deepest + (layer ? 1 : 0)));
      }
    }
    return depth;
  }

  /** The layers and all that they depend on. */
  private static List<Node> needed(Graph graph, Set<String> layers) {
    List<Node> needed = new ArrayList<>();
    Set<String> read = new HashSet<>();
    List<Node> nodes = graph.nodes();
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      boolean layer = node instanceof OperatorNode && layers.contains(node.name());
      if (layer || node.outputs().stream().anyMatch(read::contains)) {
        needed.add(node);
        read.addAll(node.inputs());
      }
    }
    return needed;
  }

  private static Set<String> live(List<Node> needed, Map<String, Integer> depth, int stage) {
    Set<String> live = new LinkedHashSet<>();
    for (Node node : needed) {
      if (node.outputs().stream().anyMatch(t -> depth.getOrDefault(t, -1) > stage)) {
        node.inputs().stream()
            .filter(t -> depth.getOrDefault(t, Integer.MAX_VALUE) <= stage)
            .forEach(live::add);
      }
    }
    return live;
  }
}
