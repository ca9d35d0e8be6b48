package io.qalibre.engine;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import java.util.Optional;

/**
 * An activation function that only limits its input: ReLU, ReLU6, Clip.
 *
 * @param input the tensor it limits
 * @param low the lower bound, −∞ where there is none
 * @param high the upper bound, +∞ where there is none
 */
record Clamp(String input, double low, double high) {
  static final Clamp NONE = new Clamp("", Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);

  /** The clamp that an operator is, if it is one with constant bounds. */
  static Optional<Clamp> of(Graph graph, OperatorNode node) {
    return switch (node.type()) {
      case "Relu" -> Optional.of(new Clamp(node.input(0), 0, Double.POSITIVE_INFINITY));
      case "Clip" ->
          constant(graph, node)
              ? Optional.of(
                  new Clamp(
                      node.input(0),
                      bound(graph, node, 1, "min", Double.NEGATIVE_INFINITY),
                      bound(graph, node, 2, "max", Double.POSITIVE_INFINITY)))
              : Optional.empty();
      default -> Optional.empty();
    };
  }

  /** The same, if nothing reads its output but a quantizer that has one grid for all of it. */
  static Optional<Clamp> quantized(Graph graph, OperatorNode node) {
    boolean quantizedOnly =
        graph.hasSingleConsumer(node.output())
            && graph.consumers(node.output()).get(0) instanceof QuantizerNode quantizer
            && quantizer.enabled()
            && !quantizer.spec().perChannel()
            && !quantizer.spec().format().floating();
    return quantizedOnly ? of(graph, node) : Optional.empty();
  }

  private static boolean constant(Graph graph, OperatorNode node) {
    for (int i = 1; i <= 2; i++) {
      if (node.hasInput(i) && !graph.isInitializer(node.input(i))) {
        return false;
      }
    }
    return true;
  }

  private static double bound(
      Graph graph, OperatorNode node, int input, String attribute, double otherwise) {
    if (node.hasInput(input)) {
      return graph.initializer(node.input(input)).floatView().get(0);
    }
    Attributes attributes = node.attributes();
    return attributes.has(attribute) ? attributes.number(attribute, 0) : otherwise;
  }
}
