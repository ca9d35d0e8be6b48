package io.qalibre.quant;

import java.util.Arrays;

/**
 * Counts of values on a fixed grid of bins. Histograms on equal grids merge by adding their counts,
 * in any order and grouping; unequal grids do not merge.
 */
public final class Histogram {
  private final double start;
  private final double binWidth;
  private final long[] counts;

  /**
   * Creates a histogram.
   *
   * @param start the left edge of the first bin
   * @param binWidth the width of a bin, above 0
   * @param counts the number of values in each bin, at least one bin
   */
  public Histogram(double start, double binWidth, long[] counts) {
    if (!(binWidth > 0) || counts.length == 0 || !Double.isFinite(start)) {
      throw new IllegalArgumentException(
          "not a histogram: start " + start + ", width " + binWidth + ", bins " + counts.length);
    }
    this.start = start;
    this.binWidth = binWidth;
    this.counts = counts.clone();
  }

  /** The left edge of the first bin. */
  public double start() {
    return start;
  }

  /** The width of a bin. */
  public double binWidth() {
    return binWidth;
  }

  /** The number of bins. */
  public int bins() {
    return counts.length;
  }

  /** A copy of the counts, one a bin. */
  public long[] counts() {
    return counts.clone();
  }

  /** How many values were counted. */
  public long total() {
    return Arrays.stream(counts).sum();
  }

  /** The middle of each bin. */
  public double[] centers() {
    double[] centers = new double[counts.length];
    Arrays.setAll(centers, i -> start + (i + 0.5) * binWidth);
    return centers;
  }

  /** The share, 0 to 1, of the counted values whose bin's middle lies outside [min, max]. */
  public double shareOutside(double min, double max) {
    double[] centers = centers();
    long outside = 0;
    for (int i = 0; i < counts.length; i++) {
      if (centers[i] < min || centers[i] > max) {
        outside += counts[i];
      }
    }
    long total = total();
    return total == 0 ? 0 : (double) outside / total;
  }

  /**
   * The counts of both.
   *
   * @throws IllegalArgumentException if the grids differ
   */
  public Histogram merge(Histogram other) {
    if (start != other.start || binWidth != other.binWidth || bins() != other.bins()) {
      throw new IllegalArgumentException(
          "histograms on different grids do not merge: " + this + " and " + other);
    }
    long[] sum = counts.clone();
    Arrays.setAll(sum, i -> sum[i] + other.counts[i]);
    return new Histogram(start, binWidth, sum);
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Histogram h
        && start == h.start
        && binWidth == h.binWidth
        && Arrays.equals(counts, h.counts);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(counts);
  }

  @Override
  public String toString() {
    return bins() + " bins of " + binWidth + " from " + start + ", " + total() + " values";
  }
}
