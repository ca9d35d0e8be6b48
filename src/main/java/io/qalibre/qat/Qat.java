package io.qalibre.qat;

import ai.djl.training.loss.Loss;

/**
 * Where quantization-aware training begins: {@code Qat.epochs(3)} trains weights and ranges with
 * Adam at a learning rate of 1e-4 that falls to zero along a cosine, on softmax cross entropy, and
 * leaves what batch normalizations are not folded with the statistics they have.
 */
public final class Qat {
  private static final double LEARNING_RATE = 1e-4;

  private Qat() {}

  /** Trains for so many passes over the training data. */
  public static Training epochs(int epochs) {
    return new Training(
        epochs,
        new Schedule(LEARNING_RATE, 0, new Schedule.Cosine()),
        Training.Selection.LAST,
        new Recipe(
            Training.Method.ADAM,
            0,
            0,
            Objective.of(Loss.softmaxCrossEntropyLoss()),
            RangeLearning.DEFAULT),
        Training.Run.of(1));
  }
}
