package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** The constant bounds of a Clip. */
final class ClipBounds {
  private ClipBounds() {}

  /** The upper bound of a Clip that begins at zero; empty for any other operator. */
  static OptionalDouble fromZero(Graph graph, OperatorNode node) {
    if (!node.type().equals("Clip")) {
      return OptionalDouble.empty();
    }
    double low = bound(graph, node, 1, "min", Double.NEGATIVE_INFINITY);
    double high = bound(graph, node, 2, "max", Double.POSITIVE_INFINITY);
    return low == 0 && high > 0 ? OptionalDouble.of(high) : OptionalDouble.empty();
  }

  private static double bound(
      Graph graph, OperatorNode node, int input, String attribute, double open) {
    if (!node.hasInput(input)) {
      return node.attributes().has(attribute) ? node.attributes().number(attribute, 0) : open;
    }
    @Nullable Tensor constant = graph.initializers().get(node.input(input));
    return constant == null || constant.size() != 1 ? Double.NaN : constant.floatView().get(0);
  }
}
