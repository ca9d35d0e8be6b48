package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.List;

/** Finds the graphs inside nodes: the branches of {@code If}, the bodies of loops. */
final class Branches {
  private Branches() {}

  /**
   * The branch of an {@code If}.
   *
   * @param attribute {@code then_branch} or {@code else_branch}
   * @throws OnnxFormatException if it is missing, or more than a branch may be
   */
  static GraphProto require(OnnxFile file, NodeProto node, String attribute) {
    String where = NodeOrder.label(node) + ", attribute `" + attribute + "`";
    GraphProto branch =
        node.getAttributeList().stream()
            .filter(a -> a.getName().equals(attribute) && a.hasG())
            .map(AttributeProto::getG)
            .findFirst()
            .orElseThrow(() -> file.error(where, "a graph", "none"));
    if (branch.getInputCount() > 0) {
      throw file.error(where, "a graph without inputs", branch.getInputCount() + " inputs");
    }
    if (branch.getSparseInitializerCount() > 0) {
      throw file.error(where, "dense tensors", "sparse initializers");
    }
    return branch;
  }

  /**
   * Refuses nodes with graphs inside, all at once.
   *
   * @throws OnnxFormatException if there are any
   */
  static void refuseAny(OnnxFile file, List<NodeProto> nodes) {
    List<String> found =
        nodes.stream()
            .filter(node -> node.getAttributeList().stream().anyMatch(Branches::isGraph))
            .map(NodeOrder::label)
            .toList();
    if (!found.isEmpty()) {
      throw file.error(
          "graph",
          "no control flow but `If` with a constant condition",
          "subgraphs in " + String.join(", ", found));
    }
  }

  /** Whether an attribute holds graphs. */
  static boolean isGraph(AttributeProto attribute) {
    return attribute.hasG() || attribute.getGraphsCount() > 0;
  }
}
