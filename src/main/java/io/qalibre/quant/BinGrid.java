package io.qalibre.quant;

/**
 * Bins of equal width, with zero on an edge: bin i holds the values from {@code (first + i) ·
 * width} up to, but not including, the next edge.
 *
 * @param first the left edge of the first bin, in widths
 * @param width the width of a bin, above 0
 * @param bins the number of bins, at least 1
 */
public record BinGrid(long first, double width, int bins) {
  /** The number of bins that a calibration counts in; AIMET 2.42's. */
  public static final int CALIBRATION_BINS = 1536;

  /** How far, in widths of the first batch's range, the bins reach from its middle. */
  private static final float REACH = 3;

  /** The width of the range of one single value: AIMET's, which is too small for large ones. */
  private static final float SINGLE = 0.01f;

  private static final float SINGLE_SHARE = 1e-4f;

  /** Checks width and number. */
  public BinGrid {
    if (!(width > 0) || !Double.isFinite(width) || bins < 1) {
      throw new IllegalArgumentException("not bins: width " + width + ", number " + bins);
    }
  }

  /**
   * AIMET's bins: three times a range, around its middle, with the rounding of its float32
   * arithmetic.
   *
   * @param seen the first batch's range, other than [0, 0]
   */
  public static BinGrid around(Range seen) {
    float min = (float) seen.min();
    float max = (float) seen.max();
    max = min == max ? min + Math.max(SINGLE, SINGLE_SHARE * Math.abs(min)) : max;
    float middle = (max + min) / 2;
    float low = middle - REACH * (middle - min);
    float high = middle + REACH * (max - middle);
    double width = ((double) high - low) / CALIBRATION_BINS;
    return new BinGrid((long) Math.floor(low / width), width, CALIBRATION_BINS);
  }

  /** The left edge of the first bin. */
  public double start() {
    return first * width;
  }

  /** The left edge of a bin. */
  public double edge(int bin) {
    return start() + bin * width;
  }

  /**
   * Counts values into their bins; values beyond the bins are left out.
   *
   * @param counts one number a bin, added to
   */
  void count(float[] values, int from, int to, long[] counts) {
    float inverse = (float) (1 / width);
    // As doubles beforehand: the compiler converts them for each value otherwise, which takes twice
    // the time.
    double start = first;
    double end = bins;
    for (int i = from; i < to; i++) {
      double bin = Math.floor(values[i] * inverse) - start;
      if (bin >= 0 && bin < end) {
        counts[(int) bin]++;
      }
    }
  }
}
