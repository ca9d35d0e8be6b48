package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The mean of a normal variable after ReLU, ReLU6 or another clip.
 *
 * <p>Source: Nagel et al., 2019 (arXiv 1906.04721), appendix C.
 */
final class ClippedNormal {
  private ClippedNormal() {}

  /**
   * Where values are clipped.
   *
   * @param low the smallest value, or −∞
   * @param high the largest value, or ∞
   */
  record Bounds(double low, double high) {
    static final Bounds NONE = new Bounds(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
  }

  /** The bounds of an operator that clips; nothing for all others, and for computed bounds. */
  static Optional<Bounds> bounds(Graph graph, OperatorNode node) {
    return switch (node.type()) {
      case "Relu" -> Optional.of(new Bounds(0, Bounds.NONE.high()));
      case "Clip" -> {
        Double low = bound(graph, node, 1, "min", Bounds.NONE.low());
        Double high = bound(graph, node, 2, "max", Bounds.NONE.high());
        yield low == null || high == null ? Optional.empty() : Optional.of(new Bounds(low, high));
      }
      default -> Optional.empty();
    };
  }

  private static @Nullable Double bound(
      Graph graph, OperatorNode node, int input, String attribute, double none) {
    if (!node.hasInput(input)) {
      return (double) node.attributes().number(attribute, (float) none);
    }
    String read = node.input(input);
    String tensor = LinearLayer.quantizer(graph, read).map(q -> q.input()).orElse(read);
    Tensor value = graph.initializers().get(tensor);
    return value == null || value.size() != 1 ? null : (double) value.floats()[0];
  }

  /**
   * The mean of a clipped normal variable.
   *
   * @param mean the variable's mean before
   * @param deviation its standard deviation before, 0 or more
   */
  static double mean(double mean, double deviation, Bounds bounds) {
    if (deviation == 0) {
      return Math.max(bounds.low(), Math.min(bounds.high(), mean));
    }
    double a = (bounds.low() - mean) / deviation;
    double b = (bounds.high() - mean) / deviation;
    double below = cumulative(a);
    double above = cumulative(-b);
    double within = mean * (1 - below - above) + deviation * (density(a) - density(b));
    return within
        + (below > 0 ? bounds.low() * below : 0)
        + (above > 0 ? bounds.high() * above : 0);
  }

  private static double density(double x) {
    return Double.isInfinite(x) ? 0 : Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  }

  /** The standard normal distribution function, to 1e-7 (Abramowitz and Stegun, 26.2.17). */
  static double cumulative(double x) {
    if (Double.isInfinite(x)) {
      return x > 0 ? 1 : 0;
    }
    double t = 1 / (1 + 0.2316419 * Math.abs(x));
    double tail =
        density(x)
            * t
            * (0.319381530
                + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
    return x > 0 ? 1 - tail : tail;
  }
}
