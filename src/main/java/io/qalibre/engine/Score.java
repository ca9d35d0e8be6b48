package io.qalibre.engine;

import io.qalibre.errors.QalibreException;
import java.util.Arrays;
import java.util.Locale;

/**
 * What a {@link Metric} gave, sample by sample.
 *
 * @param values one number a sample, in the dataset's order
 */
@SuppressWarnings("ArrayRecordComponent") // copied at the door, and equals compares elements
public record Score(double[] values) {
  /** Copies the values. */
  public Score {
    values = values.clone();
    if (values.length == 0) {
      throw new QalibreException("a score needs at least one sample");
    }
  }

  /** A copy of the values. */
  @Override
  public double[] values() {
    return values.clone();
  }

  /** The number of samples. */
  public int n() {
    return values.length;
  }

  /** The mean over the samples. */
  public double mean() {
    return Arrays.stream(values).average().orElseThrow();
  }

  /** The standard error of the mean. */
  public double standardError() {
    return standardError(values);
  }

  /**
   * The standard error of the difference of the means of two scores on the same samples.
   *
   * @throws QalibreException if the numbers of samples differ
   */
  public double pairedStandardError(Score other) {
    if (n() != other.n()) {
      throw new QalibreException(
          "paired scores need the same samples, found " + n() + " and " + other.n());
    }
    double[] differences = new double[n()];
    Arrays.setAll(differences, i -> values[i] - other.values[i]);
    return standardError(differences);
  }

  private static double standardError(double[] values) {
    double mean = Arrays.stream(values).average().orElseThrow();
    double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
    return values.length == 1 ? 0 : Math.sqrt(squares / (values.length - 1) / values.length);
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Score s && Arrays.equals(values, s.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%.4g ± %.2g (n = %d)", mean(), standardError(), n());
  }
}
