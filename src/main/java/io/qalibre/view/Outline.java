package io.qalibre.view;

/**
 * The outline of columns that stand side by side around 0, 1, 2, … and reach from min to max: along
 * the tops from left to right, then back along the bottoms. Between two columns it runs along zero,
 * where both ways meet and enclose nothing.
 */
final class Outline {
  private static final int FEW = 120;
  private static final double APART = 0.4;

  /** Columns too thin to stand apart; half a column would make XChart number the gaps. */
  private static final double TOGETHER = 0.499;

  private Outline() {}

  static double[] x(RangeSeries ranges) {
    int n = ranges.min().length;
    double half = n <= FEW ? APART : TOGETHER;
    double[] x = new double[8 * n];
    for (int i = 0; i < n; i++) {
      both(x, i, 0, i - half);
      both(x, i, 1, i - half);
      both(x, i, 2, i + half);
      both(x, i, 3, i + half);
    }
    return x;
  }

  static double[] y(RangeSeries ranges) {
    double[] min = ranges.min();
    double[] max = ranges.max();
    int n = min.length;
    double[] y = new double[8 * n];
    for (int i = 0; i < n; i++) {
      double base = Math.max(min[i], Math.min(max[i], 0));
      both(y, i, 0, base);
      both(y, i, 3, base);
      for (int corner = 1; corner <= 2; corner++) {
        y[4 * i + corner] = max[i];
        y[back(y, i, corner)] = min[i];
      }
    }
    return y;
  }

  private static void both(double[] to, int column, int corner, double value) {
    to[4 * column + corner] = value;
    to[back(to, column, corner)] = value;
  }

  private static int back(double[] to, int column, int corner) {
    return to.length - 1 - (4 * column + corner);
  }
}
