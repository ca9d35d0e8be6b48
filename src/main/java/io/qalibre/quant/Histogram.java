package io.qalibre.quant;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Counts of values on a fixed grid of bins. Counts are kept apart by the size of the batches they
 * come from, since AIMET gives every batch the same weight. Histograms on equal grids merge by
 * adding their counts, in any order and grouping; unequal grids do not merge.
 *
 * @param grid the bins
 * @param batches what was counted, by the number of values in a batch, those beyond the bins too
 */
public record Histogram(BinGrid grid, SortedMap<Long, Batches> batches) {
  /** Floats that are read at a time: few enough to stay in a core's own cache. */
  private static final int PIECE = 4096;

  /** Values that are worth a second thread. */
  private static final int PARALLEL = 1 << 16;

  /** Checks that counts go with the bins, and copies the map. */
  public Histogram {
    batches = Collections.unmodifiableSortedMap(new TreeMap<>(batches));
    for (Batches one : batches.values()) {
      if (one.counts.length != grid.bins()) {
        throw new IllegalArgumentException(
            one.counts.length + " counts for " + grid.bins() + " bins");
      }
    }
  }

  /** A histogram without values. */
  public static Histogram empty(BinGrid grid) {
    return new Histogram(grid, Collections.emptySortedMap());
  }

  /**
   * Batches of one size.
   *
   * @param number how many batches, at least 1
   * @param counts how many of their values lie in each bin
   */
  public record Batches(long number, long[] counts) {
    /** Checks and copies. */
    public Batches {
      boolean valid = number >= 1;
      for (long count : counts) {
        valid &= count >= 0;
      }
      if (!valid) {
        throw new IllegalArgumentException("not counts of batches");
      }
      counts = counts.clone();
    }

    /** A copy of the counts. */
    @Override
    public long[] counts() {
      return counts.clone();
    }

    /** Most bins of a weight's channel are empty: they are not divided. */
    private void addShares(double[] shares, long size, long all) {
      for (int i = 0; i < counts.length; i++) {
        if (counts[i] > 0) {
          shares[i] += (double) counts[i] / size / all;
        }
      }
    }

    Batches merge(Batches other) {
      long[] sum = counts.clone();
      Arrays.setAll(sum, i -> sum[i] + other.counts[i]);
      return new Batches(number + other.number, sum);
    }

    @Override
    public boolean equals(Object o) {
      return o instanceof Batches b && number == b.number && Arrays.equals(counts, b.counts);
    }

    @Override
    public int hashCode() {
      return 31 * Long.hashCode(number) + Arrays.hashCode(counts);
    }

    @Override
    public String toString() {
      return number + " batches, " + Arrays.stream(counts).sum() + " values";
    }
  }

  /** The same with one more batch. */
  public Histogram with(float[] values) {
    return with(values, 0, values.length);
  }

  Histogram with(float[] values, int from, int to) {
    long[] counts = new long[grid.bins()];
    grid.count(values, from, to, counts);
    return with(to - from, counts);
  }

  /** The same with one more batch; where it is large, threads count parts of it. */
  Histogram with(FloatBuffer values, int threads) {
    int size = values.remaining();
    int parts = size < PARALLEL ? 1 : threads;
    long[] counts = new long[grid.bins()];
    IntStream.range(0, parts)
        .parallel()
        .mapToObj(i -> count(values, (long) size * i / parts, size * (i + 1L) / parts))
        .forEachOrdered(part -> Arrays.setAll(counts, bin -> counts[bin] + part[bin]));
    return with(size, counts);
  }

  private long[] count(FloatBuffer values, long from, long to) {
    FloatBuffer rest = values.slice(values.position() + (int) from, (int) (to - from));
    long[] counts = new long[grid.bins()];
    float[] piece = new float[Math.min(PIECE, rest.remaining())];
    while (rest.hasRemaining()) {
      int size = Math.min(PIECE, rest.remaining());
      rest.get(piece, 0, size);
      grid.count(piece, 0, size, counts);
    }
    return counts;
  }

  private Histogram with(long size, long[] counts) {
    SortedMap<Long, Batches> one = new TreeMap<>();
    one.put(size, new Batches(1, counts));
    return merge(new Histogram(grid, one));
  }

  /** The number of bins. */
  public int bins() {
    return grid.bins();
  }

  /** The counts, one a bin. */
  public long[] counts() {
    long[] sum = new long[bins()];
    for (Batches one : batches.values()) {
      Arrays.setAll(sum, i -> sum[i] + one.counts[i]);
    }
    return sum;
  }

  /** How many values were counted. */
  public long total() {
    return Arrays.stream(counts()).sum();
  }

  /**
   * The share of values in each bin, each batch weighing the same; what lies beyond the bins is
   * missing from the sum of 1. All zero where there is no batch.
   */
  public double[] shares() {
    double[] shares = new double[bins()];
    long number = batches.values().stream().mapToLong(Batches::number).sum();
    batches.forEach((size, one) -> one.addShares(shares, size, number));
    return shares;
  }

  /** The middle of each bin. */
  public double[] centers() {
    double[] centers = new double[bins()];
    Arrays.setAll(centers, i -> grid.edge(i) + grid.width() / 2);
    return centers;
  }

  /** The share, 0 to 1, of the counted values whose bin's middle lies outside [min, max]. */
  public double shareOutside(double min, double max) {
    double[] centers = centers();
    long[] counts = counts();
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
    if (!grid.equals(other.grid)) {
      throw new IllegalArgumentException(
          "histograms on different grids do not merge: " + this + " and " + other);
    }
    SortedMap<Long, Batches> sum = new TreeMap<>(batches);
    other.batches.forEach((size, one) -> sum.merge(size, one, Batches::merge));
    return new Histogram(grid, sum);
  }

  @Override
  public String toString() {
    return bins()
        + " bins of "
        + grid.width()
        + " from "
        + grid.start()
        + ", "
        + total()
        + " values";
  }
}
