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

  /**
   * The range of an array.
   *
   * @param values at least one value
   * @throws IllegalArgumentException if there is none, or one is NaN or infinite, naming its place
   */
  public static Range of(float[] values) {
    return of(values, 0, values.length);
  }

  static Range of(float[] values, int from, int to) {
    if (from == to) {
      throw new IllegalArgumentException("no values, and so no range");
    }
    float min = Float.POSITIVE_INFINITY;
    float max = Float.NEGATIVE_INFINITY;
    for (int i = from; i < to; i++) {
      if (!Float.isFinite(values[i])) {
        throw new IllegalArgumentException("value " + i + " is " + values[i]);
      }
      min = Math.min(min, values[i]);
      max = Math.max(max, values[i]);
    }
    return new Range(min, max);
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
