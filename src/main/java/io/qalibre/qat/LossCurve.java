package io.qalibre.qat;

import io.qalibre.progress.Curve;
import java.util.List;

/** The loss of each step as a curve that can be read: at most some hundred averaged points. */
final class LossCurve {
  private static final int POINTS = 80;

  private LossCurve() {}

  /** The means of neighbouring steps' losses, at their last step. */
  static Curve of(List<Double> losses) {
    int width = Math.max(1, losses.size() / POINTS);
    int points = losses.size() / width;
    double[] x = new double[points];
    double[] y = new double[points];
    for (int i = 0; i < points; i++) {
      x[i] = (i + 1) * width;
      y[i] =
          losses.subList(i * width, (i + 1) * width).stream()
              .mapToDouble(Double::doubleValue)
              .average()
              .orElse(Double.NaN);
    }
    return new Curve("loss", "loss", x, y);
  }
}
