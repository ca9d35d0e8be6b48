package io.qalibre.config;

import io.qalibre.graph.OperatorNode;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A normalization that a network writes out in single operators.
 *
 * @param type what it is: {@code LayerNormalization} or {@code RMSNormalization}
 * @param nodes its operators in order of execution; the last one writes the result
 * @param scale the constant that the result is multiplied with, or null
 * @param bias the constant that is added then, or null
 */
public record DecomposedNorm(
    String type, List<OperatorNode> nodes, @Nullable String scale, @Nullable String bias) {
  /** Copies the list. */
  public DecomposedNorm {
    nodes = List.copyOf(nodes);
  }

  /** The operator that writes the result. */
  public OperatorNode last() {
    return nodes.get(nodes.size() - 1);
  }

  /** The operators whose outputs nobody outside reads. */
  List<OperatorNode> inner() {
    return nodes.subList(0, nodes.size() - 1);
  }

  /** The tensors its operators read that are no parameters of it. */
  Stream<String> otherInputs() {
    return nodes.stream()
        .flatMap(node -> node.inputs().stream())
        .filter(tensor -> !tensor.equals(scale) && !tensor.equals(bias));
  }
}
