package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Gives tensors and nodes that come out of functions and branches names unique in the model. */
final class InnerNames {
  private final InliningBudget budget;
  private final Set<String> tensors = new HashSet<>();
  private final Set<String> nodes = new HashSet<>();
  private final Map<String, Integer> next = new HashMap<>();

  /** Takes every name that the graph itself uses: those are never changed. */
  InnerNames(InliningBudget budget, GraphProto graph) {
    this.budget = budget;
    graph.getInputList().forEach(input -> tensors.add(input.getName()));
    graph.getOutputList().forEach(output -> tensors.add(output.getName()));
    graph.getInitializerList().forEach(initializer -> tensors.add(initializer.getName()));
    for (NodeProto node : graph.getNodeList()) {
      tensors.addAll(node.getInputList());
      tensors.addAll(node.getOutputList());
      nodes.add(node.getName());
    }
  }

  /** A tensor's name: as wanted, or with a count behind it. */
  String tensor(String wanted) {
    return free(tensors, wanted);
  }

  /** Whether no tensor has a name yet. */
  boolean isFreeTensor(String name) {
    return !tensors.contains(name);
  }

  /** A node's name: as wanted, or with a count behind it. */
  String node(String wanted) {
    return free(nodes, wanted);
  }

  /** A node's name that ends in a count, such as {@code block/Conv_0}. */
  String counted(String wanted) {
    return count(nodes, wanted);
  }

  private String free(Set<String> taken, String wanted) {
    if (taken.add(wanted)) {
      budget.name(wanted);
      return wanted;
    }
    return count(taken, wanted);
  }

  private String count(Set<String> taken, String wanted) {
    String name;
    do {
      name = wanted + "_" + (next.merge(wanted, 1, Integer::sum) - 1);
    } while (!taken.add(name));
    budget.name(name);
    return name;
  }
}
