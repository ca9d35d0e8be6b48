package io.qalibre.analysis;

import io.qalibre.errors.QalibreException;
import java.util.List;

/**
 * How layers' bits are chosen: {@code MixedPrecision.within(Budget.bitOperations(0.75))}, and every
 * method here gives a new value.
 *
 * @param budget what may be spent
 * @param candidates the precisions that a layer may have, two or more
 * @param points how many choices along the front are measured, 2 or more; more take longer
 */
public record MixedPrecision(Budget budget, List<Precision> candidates, int points) {
  private static final int POINTS = 24;

  /**
   * Checks and copies the candidates.
   *
   * @throws QalibreException if there are fewer than two, one is there twice, or fewer than two
   *     points
   */
  public MixedPrecision {
    candidates = List.copyOf(candidates);
    if (candidates.size() < 2 || candidates.stream().distinct().count() < candidates.size()) {
      throw new QalibreException(
          "mixedPrecision chooses among two or more different precisions, found " + candidates);
    }
    if (points < 2) {
      throw new QalibreException("mixedPrecision measures 2 points or more, found " + points);
    }
  }

  /** Among W4A8, W8A8 and W8A16, with 24 points of the front measured. */
  public static MixedPrecision within(Budget budget) {
    return new MixedPrecision(
        budget, List.of(Precision.W4A8, Precision.W8A8, Precision.W8A16), POINTS);
  }

  /** The same with other candidates. */
  public MixedPrecision candidates(Precision... precisions) {
    return new MixedPrecision(budget, List.of(precisions), points);
  }

  /** The same with another number of points. */
  public MixedPrecision points(int number) {
    return new MixedPrecision(budget, candidates, number);
  }
}
