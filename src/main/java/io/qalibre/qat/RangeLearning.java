package io.qalibre.qat;

import io.qalibre.engine.GradientEstimator;
import io.qalibre.errors.QalibreException;

/**
 * How quantizers' ranges learn.
 *
 * @param estimator what they learn from, if they do
 * @param rateFactor their learning rate as a multiple of the weights', above 0
 * @param epochs how many epochs they learn before they stay as they are, 0 or more
 */
public record RangeLearning(GradientEstimator estimator, double rateFactor, int epochs) {
  /** AIMET's estimator, at the weights' learning rate, to the end. */
  static final RangeLearning DEFAULT =
      new RangeLearning(GradientEstimator.LEARNED, 1, Integer.MAX_VALUE);

  /** Checks the numbers. */
  public RangeLearning {
    if (!(rateFactor > 0) || epochs < 0) {
      throw new QalibreException(
          "expected a factor above 0 and 0 or more epochs for ranges, found "
              + rateFactor
              + " and "
              + epochs);
    }
  }

  RangeLearning estimator(GradientEstimator other) {
    return new RangeLearning(other, rateFactor, epochs);
  }

  RangeLearning rateFactor(double other) {
    return new RangeLearning(estimator, other, epochs);
  }

  RangeLearning epochs(int other) {
    return new RangeLearning(estimator, rateFactor, other);
  }
}
