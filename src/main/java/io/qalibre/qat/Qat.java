package io.qalibre.qat;

import ai.djl.training.loss.Loss;

/**
 * Where quantization-aware training begins: {@code Qat.epochs(3)} trains with Adam at a learning
 * rate of 1e-4 that falls to zero along a cosine, on softmax cross entropy, and leaves what batch
 * normalizations are not folded with the statistics they have.
 */
public final class Qat {
  private static final double LEARNING_RATE = 1e-4;

  private Qat() {}

  /** Trains for so many passes over the training data. */
  public static Training epochs(int epochs) {
    return new Training(
        epochs,
        LEARNING_RATE,
        null,
        new Training.Recipe(Training.Method.ADAM, 0, 0, false, Loss.softmaxCrossEntropyLoss()),
        Training.Run.of(1));
  }
}
