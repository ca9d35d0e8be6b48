package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import org.jspecify.annotations.Nullable;

/** Takes nodes out of a function or branch, with the names and attributes they have outside. */
final class Renames {
  private final OnnxFile file;

  Renames(OnnxFile file) {
    this.file = file;
  }

  /** A node as it is outside of its scope; the graph's own nodes stay as they are. */
  NodeProto apply(NodeProto node, Scope scope) {
    if (scope.isGraph()) {
      node.getAttributeList().forEach(a -> refuseReference(node, a));
      return node;
    }
    NodeProto.Builder renamed = node.toBuilder().setName(scope.node(node));
    for (int i = 0; i < node.getInputCount(); i++) {
      renamed.setInput(i, scope.tensor(node.getInput(i)));
    }
    for (int i = 0; i < node.getOutputCount(); i++) {
      renamed.setOutput(i, scope.tensor(node.getOutput(i)));
    }
    if (node.getAttributeList().stream().anyMatch(AttributeProto::hasRefAttrName)) {
      renamed.clearAttribute();
      node.getAttributeList().forEach(a -> addResolved(node, a, scope, renamed));
    }
    return renamed.build();
  }

  /** Adds an attribute; one that refers to an attribute that the function lacks is left out. */
  private void addResolved(
      NodeProto node, AttributeProto attribute, Scope scope, NodeProto.Builder renamed) {
    if (!attribute.hasRefAttrName()) {
      renamed.addAttribute(attribute);
      return;
    }
    @Nullable AttributeProto value = scope.attribute(attribute.getRefAttrName());
    if (value == null) {
      return;
    }
    if (Branches.isGraph(value)) {
      throw file.error(
          what(node, attribute), "numbers, texts or tensors given to a function", "a graph");
    }
    renamed.addAttribute(value.toBuilder().setName(attribute.getName()));
  }

  private void refuseReference(NodeProto node, AttributeProto attribute) {
    if (attribute.hasRefAttrName()) {
      throw file.error(
          what(node, attribute),
          "a value",
          "a reference to the attribute `" + attribute.getRefAttrName() + "` of a function");
    }
  }

  private static String what(NodeProto node, AttributeProto attribute) {
    return NodeOrder.label(node) + ", attribute `" + attribute.getName() + "`";
  }
}
