package io.qalibre.qat;

import ai.djl.training.loss.Loss;

/**
 * Where training a float network from scratch begins: {@code Fp32.epochs(10)} trains with momentum
 * at a learning rate that rises to 0.1 in one epoch and falls to zero along a cosine, with a weight
 * decay of 5e-4 and batch normalizations that follow the batches.
 */
public final class Fp32 {
  private static final double LEARNING_RATE = 0.1;
  private static final double WEIGHT_DECAY = 5e-4;

  private Fp32() {}

  /** Trains for so many passes over the training data. */
  public static Training epochs(int epochs) {
    return new Training(
        epochs,
        new Schedule(LEARNING_RATE, 1, new Schedule.Cosine()),
        Training.Selection.LAST,
        new Recipe(
            Training.Method.SGD,
            WEIGHT_DECAY,
            Integer.MAX_VALUE,
            Objective.of(Loss.softmaxCrossEntropyLoss()),
            RangeLearning.DEFAULT),
        Training.Run.of(1));
  }
}
