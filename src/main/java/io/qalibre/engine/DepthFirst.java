package io.qalibre.engine;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The order in which ONNX Runtime executes a graph by default: depth first from the nodes that
 * nobody reads, of a node's producers the last one first. AIMET's quantizers see tensors in this
 * order. It matters where quantizers are tied: the first tensor they see sets their histogram's
 * bins.
 */
final class DepthFirst {
  private final Graph graph;
  private final Map<String, Integer> places = new HashMap<>();
  private final List<Node> order = new ArrayList<>();
  private final Set<String> visited = new HashSet<>();

  private DepthFirst(Graph graph) {
    this.graph = graph;
    graph.nodes().forEach(node -> places.put(node.name(), places.size()));
  }

  /** All nodes of a graph in this order. */
  static List<Node> order(Graph graph) {
    DepthFirst walk = new DepthFirst(graph);
    List<Node> nodes = graph.nodes();
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      if (node.outputs().stream().allMatch(tensor -> graph.consumers(tensor).isEmpty())) {
        walk.from(node);
      }
    }
    return List.copyOf(walk.order);
  }

  /**
   * A node on its way.
   *
   * @param ready whether the producers of what it reads have been dealt with
   */
  private record Step(Node node, boolean ready) {}

  /** Without recursion: networks are deeper than a thread's stack. */
  private void from(Node leaf) {
    Deque<Step> stack = new ArrayDeque<>(List.of(new Step(leaf, false)));
    while (!stack.isEmpty()) {
      Step step = stack.pop();
      if (step.ready()) {
        order.add(step.node());
      } else if (visited.add(step.node().name())) {
        stack.push(new Step(step.node(), true));
        producers(step.node()).forEach(producer -> stack.push(new Step(producer, false)));
      }
    }
  }

  /** What writes the tensors that a node reads, in the graph's order. */
  private List<Node> producers(Node node) {
    return node.inputs().stream()
        .map(graph::producer)
        .flatMap(Optional::stream)
        .sorted(Comparator.comparing(producer -> places.get(producer.name())))
        .toList();
  }
}
