package io.qalibre.qat;

import io.qalibre.errors.QalibreException;

/**
 * How weights and ranges are updated, and toward what.
 *
 * @param method the optimizer
 * @param weightDecay the L2 penalty's factor, on matrices and kernels only; 0 or more
 * @param liveNorms for how many epochs batch normalizations use and follow the training batches,
 *     before they keep the statistics that they have; 0 for networks whose normalizations are to
 *     stay
 * @param objective the loss and what is added to it
 * @param ranges how quantizers' ranges learn
 */
public record Recipe(
    Training.Method method,
    double weightDecay,
    int liveNorms,
    Objective objective,
    RangeLearning ranges) {
  /** Checks the numbers. */
  public Recipe {
    if (!(weightDecay >= 0) || liveNorms < 0) {
      throw new QalibreException(
          "expected a weight decay and a number of epochs with live normalizations of 0 or more,"
              + " found "
              + weightDecay
              + " and "
              + liveNorms);
    }
  }

  Recipe method(Training.Method other) {
    return new Recipe(other, weightDecay, liveNorms, objective, ranges);
  }

  Recipe weightDecay(double other) {
    return new Recipe(method, other, liveNorms, objective, ranges);
  }

  Recipe liveNorms(int other) {
    return new Recipe(method, weightDecay, other, objective, ranges);
  }

  Recipe objective(Objective other) {
    return new Recipe(method, weightDecay, liveNorms, other, ranges);
  }

  Recipe ranges(RangeLearning other) {
    return new Recipe(method, weightDecay, liveNorms, objective, other);
  }
}
