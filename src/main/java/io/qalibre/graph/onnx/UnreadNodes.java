package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Drops the nodes and initializers that only worked out conditions which are decided now. */
final class UnreadNodes {
  private final Inlined graph;
  private final Map<String, NodeProto> producers = new HashMap<>();
  private final Map<String, Integer> readers = new HashMap<>();
  private final Set<NodeProto> dropped = Collections.newSetFromMap(new IdentityHashMap<>());

  private UnreadNodes(Inlined graph, Set<String> outputs) {
    this.graph = graph;
    outputs.forEach(output -> readers.merge(output, 1, Integer::sum));
    for (NodeProto node : graph.nodes()) {
      node.getInputList().forEach(input -> readers.merge(input, 1, Integer::sum));
      node.getOutputList().forEach(output -> producers.put(output, node));
    }
  }

  /**
   * The graph without what nothing needs any more.
   *
   * @param outputs the graph's outputs
   * @param conditions the tensors that have lost a reader; what nothing read in the first place
   *     stays
   */
  static Inlined drop(Inlined graph, Set<String> outputs, Set<String> conditions) {
    return conditions.isEmpty() ? graph : new UnreadNodes(graph, outputs).left(conditions);
  }

  private Inlined left(Set<String> conditions) {
    Set<String> lost = new HashSet<>(conditions);
    Deque<String> open = new ArrayDeque<>(conditions);
    while (!open.isEmpty()) {
      @Nullable NodeProto node = producers.get(open.remove());
      if (node != null
          && node.getOutputList().stream().allMatch(this::isUnread)
          && dropped.add(node)) {
        for (String input : node.getInputList()) {
          readers.merge(input, -1, Integer::sum);
          lost.add(input);
          open.add(input);
        }
      }
    }
    return new Inlined(
        graph.nodes().stream().filter(node -> !dropped.contains(node)).toList(),
        graph.initializers().stream()
            .filter(tensor -> !lost.contains(tensor.getName()) || !isUnread(tensor.getName()))
            .toList(),
        graph.values());
  }

  private boolean isUnread(String tensor) {
    return tensor.isEmpty() || readers.getOrDefault(tensor, 0) == 0;
  }
}
