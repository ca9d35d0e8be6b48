package io.qalibre.quant;

import org.jspecify.annotations.Nullable;

/**
 * Ends of a range that replace the ones seen ({@code encoding_constraints} of a runtime config).
 *
 * @param min the minimum, or null for the one seen
 * @param max the maximum, or null for the one seen; above {@code min} where both are there
 */
public record Bounds(@Nullable Double min, @Nullable Double max) {
  /** No bounds: the range is the one seen. */
  public static final Bounds NONE = new Bounds(null, null);

  /** Checks that the ends are finite and ordered. */
  public Bounds {
    if ((min != null && !Double.isFinite(min))
        || (max != null && !Double.isFinite(max))
        || (min != null && max != null && min >= max)) {
      throw new IllegalArgumentException("not bounds: [" + min + ", " + max + "]");
    }
  }

  /** Both ends. */
  public static Bounds of(double min, double max) {
    return new Bounds(min, max);
  }

  /** Whether at least one end is fixed. */
  public boolean any() {
    return min != null || max != null;
  }

  /** The whole range, or null where an end is open. */
  public @Nullable Range range() {
    return min != null && max != null ? new Range(min, max) : null;
  }

  /** A range with its ends replaced; an end that would lie beyond the other one is moved to it. */
  public Range apply(Range seen) {
    double low = min != null ? min : max != null ? Math.min(seen.min(), max) : seen.min();
    double high = max != null ? max : Math.max(seen.max(), low);
    return new Range(low, high);
  }
}
