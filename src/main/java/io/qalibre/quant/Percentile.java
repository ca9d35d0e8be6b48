package io.qalibre.quant;

/**
 * All but the share of values beyond a percentile on either side, to the width of a bin: AIMET's
 * analyzer, with its float32 comparisons.
 *
 * @param percentile 50 to 100; 100 is the whole range
 */
public record Percentile(double percentile) implements QuantScheme {
  /** Checks the percentile. */
  public Percentile {
    if (!(percentile >= 50 && percentile <= 100)) {
      throw new IllegalArgumentException("a percentile is 50 to 100, found " + percentile);
    }
  }

  @Override
  public String label() {
    return "percentile";
  }

  @Override
  public String toString() {
    return "percentile " + percentile;
  }

  @Override
  public Encoding grid(Statistics seen, QuantizerSpec spec) {
    Histogram histogram = seen.histogram();
    return histogram == null
        ? AllZero.grid(spec)
        : Grids.grid(range(new Distribution(histogram)), spec);
  }

  private Range range(Distribution seen) {
    Range observed = seen.range();
    if (percentile == 100) {
      return observed;
    }
    float right = (float) percentile / 100;
    float left = 1 - right;
    BinGrid bins = seen.grid();
    double[] shares = seen.shares();
    float width = (float) bins.width();
    float low = (float) bins.start();
    float high = (float) bins.edge(bins.bins() - 1) + width;
    double sum = 0;
    double[] cumulative = new double[shares.length];
    int first = -1;
    for (int i = 0; i < shares.length; i++) {
      sum += shares[i];
      cumulative[i] = sum;
      if (first < 0 && sum >= left) {
        first = i;
        low = (float) bins.edge(i);
      }
    }
    for (int i = shares.length - 1; i >= 0; i--) {
      if (cumulative[i] < right && bins.edge(i) < observed.max()) {
        high = (float) (bins.edge(i) + width);
        break;
      }
    }
    high = low == high ? high + width : high;
    return new Range(Math.min(low, 0), Math.max(high, 0));
  }
}
