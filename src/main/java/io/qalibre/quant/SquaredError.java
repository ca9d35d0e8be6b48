package io.qalibre.quant;

/**
 * The mean squared error of grids over a distribution, bin middle by bin middle, in AIMET's float32
 * arithmetic. Empty bins cost nothing and are left out beforehand.
 */
final class SquaredError {
  private final BinGrid grid;
  private final double clippingWeight;
  private final int[] bins;
  private final double[] shares;
  private final double[] middles;

  /**
   * Prepares a distribution.
   *
   * @param clippingWeight how much more the error of values beyond a grid weighs than that of
   *     rounding
   */
  SquaredError(Distribution seen, double clippingWeight) {
    this.grid = seen.grid();
    this.clippingWeight = clippingWeight;
    double[] all = seen.shares();
    bins = java.util.stream.IntStream.range(0, all.length).filter(i -> all[i] > 0).toArray();
    shares = new double[bins.length];
    middles = new double[bins.length];
    double start = grid.start();
    for (int i = 0; i < bins.length; i++) {
      shares[i] = all[bins[i]];
      middles[i] = start + bins[i] * grid.width() + grid.width() / 2;
    }
  }

  /** The error of the grid {@code delta · (code + offset)}, code 0 to {@code steps}. */
  double of(float delta, long offset, long steps) {
    double min = (double) delta * offset;
    double max = (double) delta * (offset + steps);
    int first = bin(min);
    int last = bin(max);
    double lowest = middle(first);
    double highest = middle(last);
    double clipped = 0;
    double rounded = 0;
    for (int i = 0; i < bins.length; i++) {
      int bin = bins[i];
      if (bin < first) {
        clipped += shares[i] * square(middles[i] - lowest);
      } else if (bin >= last) {
        clipped += shares[i] * square(middles[i] - highest);
      } else {
        double code = Math.floor(middles[i] / delta - offset + 0.5);
        rounded += shares[i] * square(middles[i] - delta * (code + offset));
      }
    }
    return clippingWeight * clipped + rounded;
  }

  private int bin(double value) {
    double bin = Math.floor((value - grid.start()) / grid.width());
    return (int) Math.max(0, Math.min(grid.bins() - 1.0, bin));
  }

  /** The middle of a bin, rounded to float32. */
  private double middle(int bin) {
    return grid.start() + bin * grid.width() + grid.width() / 2;
  }

  private static double square(double value) {
    return value * value;
  }
}
