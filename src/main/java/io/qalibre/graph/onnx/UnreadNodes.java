package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Drops the nodes that only worked out conditions which are decided now. */
final class UnreadNodes {
  private final List<NodeProto> nodes;
  private final Map<String, NodeProto> producers = new HashMap<>();
  private final Map<String, Integer> readers = new HashMap<>();
  private final Set<NodeProto> dropped = Collections.newSetFromMap(new IdentityHashMap<>());

  private UnreadNodes(List<NodeProto> nodes, Set<String> outputs) {
    this.nodes = nodes;
    outputs.forEach(output -> readers.merge(output, 1, Integer::sum));
    for (NodeProto node : nodes) {
      node.getInputList().forEach(input -> readers.merge(input, 1, Integer::sum));
      node.getOutputList().forEach(output -> producers.put(output, node));
    }
  }

  /**
   * The nodes without those that nothing needs any more.
   *
   * @param outputs the graph's outputs
   * @param conditions the tensors that have lost a reader; nodes that nothing read in the first
   *     place stay
   */
  static List<NodeProto> drop(
      List<NodeProto> nodes, Set<String> outputs, Set<String> conditions) {
    return conditions.isEmpty() ? nodes : new UnreadNodes(nodes, outputs).left(conditions);
  }

  private List<NodeProto> left(Set<String> conditions) {
    Deque<String> open = new ArrayDeque<>(conditions);
    while (!open.isEmpty()) {
      @Nullable NodeProto node = producers.get(open.remove());
      if (node != null && isUnread(node) && dropped.add(node)) {
        for (String input : node.getInputList()) {
          readers.merge(input, -1, Integer::sum);
          open.add(input);
        }
      }
    }
    return nodes.stream().filter(node -> !dropped.contains(node)).toList();
  }

  private boolean isUnread(NodeProto node) {
    return node.getOutputList().stream()
        .allMatch(output -> output.isEmpty() || readers.getOrDefault(output, 0) == 0);
  }
}
