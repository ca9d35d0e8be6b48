package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Gives nodes without a name one from their type and a count, such as {@code Conv_0}. */
final class NodeNames {
  private final List<NodeProto> nodes;
  private final Set<String> taken = new HashSet<>();
  private final Map<String, Integer> next = new HashMap<>();

  /**
   * Takes the names that the file gives.
   *
   * @throws OnnxFormatException if two nodes share one
   */
  NodeNames(OnnxFile file, List<NodeProto> nodes) {
    this.nodes = nodes;
    for (NodeProto node : nodes) {
      if (!node.getName().isEmpty() && !taken.add(node.getName())) {
        throw file.error(NodeOrder.label(node), "a name of its own", "a second node of that name");
      }
    }
  }

  /** The nodes in their order by their own names, or the next free ones of their types. */
  Map<String, NodeProto> named() {
    Map<String, NodeProto> named = new LinkedHashMap<>();
    nodes.forEach(node -> named.put(name(node), node));
    return named;
  }

  private String name(NodeProto node) {
    if (!node.getName().isEmpty()) {
      return node.getName();
    }
    String name;
    do {
      name = node.getOpType() + "_" + (next.merge(node.getOpType(), 1, Integer::sum) - 1);
    } while (!taken.add(name));
    return name;
  }
}
