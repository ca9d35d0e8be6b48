package io.qalibre.analysis;

import io.qalibre.errors.QalibreException;

/**
 * How a way to quantize is searched for: {@code AutoQuant.within(0.5)}, and every method here gives
 * a new value.
 *
 * @param points how much top-1 may be lost from the float network's, in points, 0 to 100
 * @param calibration how many samples compute encodings, 1 or more
 * @param rounding how many samples AdaRound and bias correction see, 1 or more
 * @param iterations AdaRound's iterations a layer, 1 or more
 */
public record AutoQuant(double points, int calibration, int rounding, int iterations) {
  private static final int CALIBRATION = 1000;
  private static final int ROUNDING = 500;
  private static final int ITERATIONS = 1000;

  /**
   * Checks the numbers.
   *
   * @throws QalibreException if one is out of its range
   */
  public AutoQuant {
    if (!(points >= 0) || points > 100) {
      throw new QalibreException(
          "autoQuant: expected a target of 0 to 100 points, found " + points);
    }
    if (calibration < 1 || rounding < 1 || iterations < 1) {
      throw new QalibreException(
          "autoQuant takes samples and iterations of at least 1, found %d, %d and %d"
              .formatted(calibration, rounding, iterations));
    }
  }

  /**
   * A loss of at most so many points of top-1; 1,000 samples compute encodings, AdaRound takes 500
   * samples and 1,000 iterations a layer.
   */
  public static AutoQuant within(double points) {
    return new AutoQuant(points, CALIBRATION, ROUNDING, ITERATIONS);
  }

  /** The same with another number of samples to compute encodings from. */
  public AutoQuant calibration(int samples) {
    return new AutoQuant(points, samples, rounding, iterations);
  }

  /** The same with another number of samples for AdaRound and bias correction. */
  public AutoQuant rounding(int samples) {
    return new AutoQuant(points, calibration, samples, iterations);
  }

  /** The same with another number of AdaRound's iterations. */
  public AutoQuant iterations(int number) {
    return new AutoQuant(points, calibration, rounding, number);
  }
}
