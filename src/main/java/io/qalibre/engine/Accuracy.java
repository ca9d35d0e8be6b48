package io.qalibre.engine;

import java.util.Arrays;
import java.util.Locale;

/**
 * How often a classifier is right, in percent.
 *
 * @param first 1 a sample whose most likely class is its label, else 0
 * @param five 1 a sample whose label is among the five most likely classes, else 0
 */
public record Accuracy(Score first, Score five) {
  private static final int FIVE = 5;

  /**
   * The accuracy of answers.
   *
   * @param ranks for each sample how many classes are more likely than its label; see {@link Ranks}
   * @throws io.qalibre.errors.QalibreException if there is no sample
   */
  public static Accuracy of(int[] ranks) {
    return new Accuracy(within(ranks, 1), within(ranks, FIVE));
  }

  private static Score within(int[] ranks, int first) {
    return new Score(Arrays.stream(ranks).mapToDouble(rank -> rank < first ? 1 : 0).toArray());
  }

  /** The share of samples whose most likely class is right, 0 to 100. */
  public double top1() {
    return 100 * first.mean();
  }

  /** The share of samples whose label is among the five most likely classes, 0 to 100. */
  public double top5() {
    return 100 * five.mean();
  }

  /** The number of samples. */
  public int n() {
    return first.n();
  }

  /** The standard error of {@link #top1()}, in points. */
  public double standardError() {
    return 100 * first.standardError();
  }

  /**
   * The standard error, in points, of the difference of two {@link #top1()} on the same samples.
   *
   * @throws io.qalibre.errors.QalibreException if the numbers of samples differ
   */
  public double pairedStandardError(Accuracy other) {
    return 100 * first.pairedStandardError(other.first);
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "top-1 %.2f %% ± %.2f, top-5 %.2f %% (n = %d)",
        top1(),
        standardError(),
        top5(),
        n());
  }
}
