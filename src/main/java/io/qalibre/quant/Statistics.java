package io.qalibre.quant;

import java.nio.FloatBuffer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What one quantizer has seen of its tensors: a value of fixed size that merges.
 *
 * @param range the smallest and largest value
 * @param histogram the values' distribution; null where all of them were zero, or nothing was
 *     counted
 */
public record Statistics(Range range, @Nullable Histogram histogram) {
  /** What is seen in one array; its own range fixes the bins. */
  public static Statistics of(float[] values) {
    return of(values, 0, values.length);
  }

  static Statistics of(float[] values, int from, int to) {
    Range range = Range.of(values, from, to);
    return new Statistics(range, null).with(range, values, from, to);
  }

  /**
   * The same with one more batch. The first one that is not all zero fixes the bins.
   *
   * @param seen the batch's range
   * @param values the batch
   */
  public Statistics with(Range seen, float[] values) {
    return with(seen, values, 0, values.length);
  }

  /**
   * The same with a batch outside of the heap; see {@link #with(Range, float[])}.
   *
   * @param values the batch, in any order
   * @param threads how many may count, at least 1
   */
  public Statistics with(Range seen, FloatBuffer values, int threads) {
    return with(seen, before -> before.with(values, threads));
  }

  private Statistics with(Range seen, float[] values, int from, int to) {
    return with(seen, before -> before.with(values, from, to));
  }

  private Statistics with(Range seen, UnaryOperator<Histogram> counting) {
    Histogram before = histogram;
    if (before == null) {
      if (seen.min() == 0 && seen.max() == 0) {
        return new Statistics(range.merge(seen), null);
      }
      before = Histogram.empty(BinGrid.around(seen));
    }
    return new Statistics(range.merge(seen), counting.apply(before));
  }

  /**
   * What both have seen. Merging is associative and commutative.
   *
   * @throws IllegalArgumentException if their histograms have different bins
   */
  public Statistics merge(Statistics other) {
    Histogram one = histogram;
    Histogram two = other.histogram;
    Histogram both = one == null ? two : two == null ? one : one.merge(two);
    return new Statistics(range.merge(other.range), both);
  }
}
