package io.qalibre.qat;

import ai.djl.training.dataset.Dataset;
import ai.djl.training.loss.Loss;
import io.qalibre.errors.QalibreException;
import org.jspecify.annotations.Nullable;

/**
 * How {@code q.train} trains. Every method gives a new value; {@code Qat.epochs(3)} alone trains
 * with Adam at a learning rate of 1e-4 that falls to zero along a cosine, on softmax cross entropy.
 *
 * @param epochs passes over the training data, at least 1
 * @param learningRate the learning rate at the beginning, above 0
 * @param validation the samples that choose the best epoch, or null to keep the last one
 * @param loss the loss
 */
public record Qat(int epochs, double learningRate, @Nullable Dataset validation, Loss loss) {
  private static final double LEARNING_RATE = 1e-4;

  /** Checks the numbers. */
  public Qat {
    if (epochs < 1) {
      throw new QalibreException("expected at least 1 epoch, found " + epochs);
    }
    if (!(learningRate > 0) || learningRate > 10) {
      throw new QalibreException("expected a learning rate in (0, 10], found " + learningRate);
    }
  }

  /** Trains for so many passes over the training data. */
  public static Qat epochs(int epochs) {
    return new Qat(epochs, LEARNING_RATE, null, Loss.softmaxCrossEntropyLoss());
  }

  /** The same with another learning rate at the beginning. */
  public Qat learningRate(double rate) {
    return new Qat(epochs, rate, validation, loss);
  }

  /**
   * The same with samples that choose: after each epoch their top-1 is measured, and the best
   * simulation is kept, the one before training included. Never give the samples that results are
   * reported on.
   */
  public Qat validate(Dataset samples) {
    return new Qat(epochs, learningRate, samples, loss);
  }

  /** The same with another loss. */
  public Qat loss(Loss other) {
    return new Qat(epochs, learningRate, validation, other);
  }
}
