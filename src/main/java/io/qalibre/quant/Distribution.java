package io.qalibre.quant;

/**
 * A histogram as analyzers look at it: the share of each bin, and the range of what is not empty.
 */
final class Distribution {
  /** AIMET's least width of an observed range. */
  private static final float LEAST_WIDTH = 0.01f;

  private final BinGrid grid;
  private final double[] shares;

  Distribution(Histogram histogram) {
    grid = histogram.grid();
    shares = histogram.shares();
  }

  BinGrid grid() {
    return grid;
  }

  double[] shares() {
    return shares;
  }

  /**
   * From the left edge of the first bin that is not empty to that of the last, joined with zero.
   */
  Range range() {
    int first = 0;
    int last = shares.length - 1;
    while (first < shares.length && !(shares[first] > 0)) {
      first++;
    }
    while (last > 0 && !(shares[last] > 0)) {
      last--;
    }
    if (first == shares.length) {
      first = 0;
      last = shares.length - 1;
    }
    float low = Math.min((float) grid.edge(first), 0);
    float high = Math.max((float) grid.edge(last), 0);
    return new Range(low, Math.max(high, low + LEAST_WIDTH));
  }
}
