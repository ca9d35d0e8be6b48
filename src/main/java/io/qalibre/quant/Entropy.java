package io.qalibre.quant;

/**
 * The range whose codes tell most about the values: of all thresholds ±t, the one with the least
 * Kullback–Leibler divergence between the histogram clipped to it and the same spread over the
 * codes (Migacz, "8-bit Inference with TensorRT", GTC 2017). A tensor that has one sign only is cut
 * on that side. Where there are no more bins than codes nothing is lost, and the range is the whole
 * one; so it is where all values lie so far from zero that the bins do not reach it.
 */
public record Entropy() implements QuantScheme {
  /** Stands for a share of zero where a logarithm needs one. */
  private static final double TINY = 1e-12;

  @Override
  public String label() {
    return "entropy";
  }

  @Override
  public String toString() {
    return label();
  }

  @Override
  public Encoding grid(Statistics seen, QuantizerSpec spec) {
    Histogram histogram = seen.histogram();
    return Grids.grid(
        histogram == null ? seen.range() : range(histogram, seen.range(), spec.bitwidth()), spec);
  }

  private static Range range(Histogram histogram, Range seen, int bitwidth) {
    BinGrid grid = histogram.grid();
    double[] shares = histogram.shares();
    long zero = -grid.first();
    if (zero < 0 || zero > grid.bins()) {
      return seen;
    }
    long low = Math.max(0, bin(grid, Math.min(0, seen.min())));
    long high = Math.min(grid.bins(), bin(grid, Math.max(0, seen.max())) + 1);
    long codes = 1L << bitwidth;
    long reach = Math.max(zero - low, high - zero);
    long fewest = low < zero && high > zero ? codes / 2 : codes;
    Range best = seen;
    double least = Double.POSITIVE_INFINITY;
    for (long t = reach; t >= fewest; t--) {
      int from = (int) Math.max(low, zero - t);
      int to = (int) Math.min(high, zero + t);
      double divergence = divergence(shares, from, to, codes);
      if (divergence < least) {
        least = divergence;
        best = t == reach ? seen : new Range(grid.edge(from), grid.edge(to));
      }
    }
    return best;
  }

  private static long bin(BinGrid grid, double value) {
    return (long) Math.floor(value / grid.width()) - grid.first();
  }

  /** Of the bins from one up to another, with the others moved to the ends, and their codes. */
  private static double divergence(double[] shares, int from, int to, long codes) {
    double below = 0;
    double above = 0;
    for (int i = 0; i < from; i++) {
      below += shares[i];
    }
    for (int i = to; i < shares.length; i++) {
      above += shares[i];
    }
    int bins = to - from;
    double divergence = 0;
    int start = from;
    for (long code = 0; start < to; code++) {
      int end = (int) Math.max(start + 1L, Math.min(to, from + (code + 1) * bins / codes));
      double sum = 0;
      int filled = 0;
      for (int i = start; i < end; i++) {
        sum += shares[i];
        filled += shares[i] > 0 ? 1 : 0;
      }
      double spread = Math.max(TINY, sum / Math.max(1, filled));
      for (int i = start; i < end; i++) {
        double clipped = shares[i] + (i == from ? below : 0) + (i == to - 1 ? above : 0);
        divergence += clipped > 0 ? clipped * Math.log(clipped / spread) : 0;
      }
      start = end;
    }
    return divergence;
  }
}
