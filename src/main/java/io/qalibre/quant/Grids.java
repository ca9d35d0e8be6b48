package io.qalibre.quant;

/**
 * Turns an observed range into a grid, as AIMET does: zero is always on the grid, a symmetric grid
 * of b bits spans −2^(b−1) … 2^(b−1)−1 steps, and the scale never falls below a minimum.
 */
public final class Grids {
  /** A fixed range is at least this wide, so that its grid is usable. */
  private static final double MINIMUM_FIXED_WIDTH = 0.01;

  private Grids() {}

  /**
   * The grid of a range.
   *
   * @param range the values seen; widened to contain zero
   * @param spec the quantizer; its bounds are not looked at
   */
  public static Encoding grid(Range range, QuantizerSpec spec) {
    double min = Math.min(0, range.min());
    double max = Math.max(0, range.max());
    Symmetry symmetry = spec.symmetry();
    boolean unsigned = symmetry.unsignedIfPositive() && min >= 0;
    return symmetry.symmetric() && !unsigned
        ? symmetric(min, max, spec)
        : asymmetric(min, max, spec.bitwidth(), symmetry.symmetric());
  }

  /**
   * The grid that a quantizer's scheme finds, with the quantizer's bounds in place of its ends.
   *
   * <p>Where a scheme's grid does not hold the one single value there is, the grid is that of its
   * range: AIMET's tf_enhanced would give such a tensor a symmetric grid that ends far below it.
   *
   * @param seen the values seen
   * @throws IllegalArgumentException if the scheme needs a histogram and there is none
   */
  public static Encoding grid(Statistics seen, QuantizerSpec spec) {
    Range range = seen.range();
    Encoding found = spec.scheme().grid(seen, spec);
    if (range.min() == range.max() && !holds(found, range.min())) {
      found = grid(range, spec);
    }
    return spec.bounds().any()
        ? grid(widened(spec.bounds().apply(new Range(found.min(), found.max()))), spec)
        : found;
  }

  private static boolean holds(Encoding grid, double value) {
    return value >= grid.min() - grid.scale() && value <= grid.max() + grid.scale();
  }

  private static Encoding symmetric(double min, double max, QuantizerSpec spec) {
    long steps = steps(spec.bitwidth()) - (spec.symmetry().strict() ? 1 : 0);
    long positive = steps / 2;
    long negative = steps - positive;
    // With two bits half the codes would lie beyond the largest value: AIMET stretches them.
    double byMax = steps == 3 ? max / (positive + 1) : max / positive;
    double scale = Math.max(Math.max(byMax, -min / negative), minimumScale(spec.bitwidth()));
    return Encoding.of(scale, -negative, steps, spec.bitwidth(), true);
  }

  private static Encoding asymmetric(double min, double max, int bitwidth, boolean symmetric) {
    long steps = steps(bitwidth);
    double scale = Math.max((max - min) / steps, minimumScale(bitwidth));
    // −min/scale is never negative here, so Math.round is "half away from zero".
    long offset = -Math.max(0, Math.min(steps, Math.round(-min / scale)));
    return Encoding.of(scale, offset, steps, bitwidth, symmetric);
  }

  private static Range widened(Range fixed) {
    return fixed.max() - fixed.min() >= MINIMUM_FIXED_WIDTH
        ? fixed
        : new Range(fixed.min(), fixed.min() + MINIMUM_FIXED_WIDTH);
  }

  private static long steps(int bitwidth) {
    return (1L << bitwidth) - 1;
  }

  /** AIMET's smallest scale: min(2^−23, 0.01 / (2^bitwidth − 1)). */
  public static double minimumScale(int bitwidth) {
    return Math.min(0x1p-23, 0.01 / steps(bitwidth));
  }
}
