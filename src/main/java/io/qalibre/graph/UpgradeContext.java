package io.qalibre.graph;

import io.qalibre.errors.QalibreException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What rewrites for a newer operator set may ask of the graph, and add to it. */
final class UpgradeContext {
  private final Graph graph;
  private final long opset;
  private final GraphBuilder result;
  private final UniqueNames tensors;
  private final UniqueNames nodes;
  private @Nullable TensorFacts facts;

  UpgradeContext(Graph graph, long opset) {
    this.graph = graph;
    this.opset = opset;
    result = graph.toBuilder();
    tensors = UniqueNames.ofTensors(graph);
    nodes = new UniqueNames(graph.nodes().stream().map(Node::name).toList());
  }

  /** The graph with the constants that were added. */
  GraphBuilder result() {
    return result;
  }

  /** The shape of a tensor of the graph as it was. */
  TensorShape shape(String tensor) {
    if (facts == null) {
      facts = ShapeInference.facts(graph);
    }
    return facts.shape(tensor);
  }

  /** The value of a tensor that is a constant, of the graph as it was or added since. */
  Optional<Tensor> constant(String tensor) {
    return Optional.ofNullable(result.initializers.get(tensor));
  }

  /** Whether something reads a tensor, or it is an output. */
  boolean isRead(String tensor) {
    return !tensor.isEmpty() && (!graph.consumers(tensor).isEmpty() || graph.isOutput(tensor));
  }

  /** Adds a constant for a node. */
  String add(OperatorNode node, String what, Tensor value) {
    String name = tensors.get(node.output() + "_" + what);
    result.initializer(name, value);
    return name;
  }

  /** A name for a tensor on the way to what a node writes. */
  String between(OperatorNode node, String what) {
    return tensors.get(node.output() + "_" + what);
  }

  /** A node of another name beside one. */
  OperatorNode beside(OperatorNode node, String type, List<String> inputs, String output) {
    return new OperatorNode(
        nodes.get(node.name() + "_" + type), type, inputs, List.of(output), Attributes.NONE);
  }

  /**
   * A node with a list of integers as an input instead of an attribute; as it is without the
   * attribute.
   */
  OperatorNode integersAsInput(OperatorNode node, String attribute, int input) {
    return node.attributes()
        .integers(attribute)
        .map(list -> list.stream().mapToLong(Long::longValue).toArray())
        .map(values -> asInput(node, attribute, input, Tensor.of(values, values.length)))
        .orElse(node);
  }

  /** A node with a number as an input instead of an attribute; as it is without the attribute. */
  OperatorNode numberAsInput(OperatorNode node, String attribute, int input) {
    return node.attributes().has(attribute)
        ? asInput(node, attribute, input, Tensor.scalar(node.attributes().number(attribute, 0)))
        : node;
  }

  /** A node with a constant as an input instead of an attribute. */
  OperatorNode asInput(OperatorNode node, String attribute, int input, Tensor value) {
    List<String> inputs = new ArrayList<>(node.inputs());
    while (inputs.size() <= input) {
      inputs.add("");
    }
    inputs.set(input, add(node, attribute, value));
    return node.withInputs(inputs).withAttributes(node.attributes().without(attribute));
  }

  /** A node that cannot be rewritten. */
  QalibreException error(OperatorNode node, String expected, String found) {
    return new QalibreException(
        "%s node `%s`: it cannot be raised from opset %d to %d: expected %s, found %s"
            .formatted(node.type(), node.name(), graph.info().opset(), opset, expected, found));
  }
}
