package io.qalibre.quant;

/**
 * The smallest and the largest value seen.
 *
 * @param min the smallest value
 * @param max the largest value, at least {@code min}
 */
public record Range(double min, double max) {
  /** Checks that the range is finite and ordered. */
  public Range {
    if (!(min <= max) || Double.isInfinite(min) || Double.isInfinite(max)) {
      throw new IllegalArgumentException("not a finite range: [" + min + ", " + max + "]");
    }
  }

  /** The range of all the values in either. */
  public Range merge(Range other) {
    return new Range(Math.min(min, other.min), Math.max(max, other.max));
  }

  /** The larger of the two distances from zero. */
  public double absMax() {
    return Math.max(Math.abs(min), Math.abs(max));
  }
}
