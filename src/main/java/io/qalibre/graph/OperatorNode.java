package io.qalibre.graph;

import java.util.List;

/**
 * An ONNX operator in a graph.
 *
 * @param name unique in the graph
 * @param type the operator, such as {@code Conv}; {@code domain::Type} outside ONNX's own domain
 * @param inputs the tensors it reads; an empty name is an optional input left out
 * @param outputs the tensors it writes; an empty name is an optional output left out
 * @param attributes its attributes
 */
public record OperatorNode(
    String name, String type, List<String> inputs, List<String> outputs, Attributes attributes)
    implements Node {
  /** Copies the lists. */
  public OperatorNode {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  /** Whether the input at an index is given. */
  public boolean hasInput(int index) {
    return index < inputs.size() && !inputs.get(index).isEmpty();
  }

  /** The input at an index. */
  public String input(int index) {
    return inputs.get(index);
  }

  /** The first output. */
  public String output() {
    return outputs.get(0);
  }

  /** The same with other inputs. */
  public OperatorNode withInputs(List<String> changed) {
    return new OperatorNode(name, type, changed, outputs, attributes);
  }

  /** The same with other outputs. */
  public OperatorNode withOutputs(List<String> changed) {
    return new OperatorNode(name, type, inputs, changed, attributes);
  }

  /** The same with other attributes. */
  public OperatorNode withAttributes(Attributes changed) {
    return new OperatorNode(name, type, inputs, outputs, changed);
  }
}
