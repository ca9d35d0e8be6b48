package io.qalibre.qat;

import ai.djl.training.dataset.Dataset;
import ai.djl.training.loss.Loss;
import io.qalibre.errors.QalibreException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a network is trained: {@code Qat.epochs(3)} and {@code Fp32.epochs(10)} begin with what suits
 * fine-tuning and training from scratch, and every method here gives a new value.
 *
 * @param epochs passes over the training data, at least 1
 * @param learningRate the highest learning rate, above 0
 * @param validation the samples that choose the best epoch, or null to keep the last one
 * @param recipe the optimizer and what goes with it
 * @param run what makes a run repeatable, and who hears of it
 */
public record Training(
    int epochs, double learningRate, @Nullable Dataset validation, Recipe recipe, Run run) {
  /** Checks the numbers. */
  public Training {
    if (epochs < 1) {
      throw new QalibreException("expected at least 1 epoch, found " + epochs);
    }
    if (!(learningRate > 0) || learningRate > 10) {
      throw new QalibreException("expected a learning rate in (0, 10], found " + learningRate);
    }
  }

  /** How weights are updated. */
  public enum Method {
    /** Adam; Kingma and Ba, 2014 (arXiv 1412.6980). */
    ADAM,
    /** Stochastic gradient descent with momentum 0.9. */
    SGD
  }

  /**
   * The optimizer and what goes with it.
   *
   * @param method how weights are updated
   * @param weightDecay the L2 penalty's factor, on matrices and kernels only; 0 or more
   * @param warmup how many epochs the learning rate rises before it falls along half a cosine
   * @param liveNorms whether batch normalizations follow the training batches; false for networks
   *     whose normalizations are folded, or are to stay
   * @param loss the loss
   */
  public record Recipe(
      Method method, double weightDecay, double warmup, boolean liveNorms, Loss loss) {
    /** Checks the numbers. */
    public Recipe {
      if (!(weightDecay >= 0) || !(warmup >= 0)) {
        throw new QalibreException(
            "expected weight decay and warm-up of 0 or more, found "
                + weightDecay
                + " and "
                + warmup);
      }
    }
  }

  /**
   * What makes a run repeatable, and who hears of it.
   *
   * @param seed decides the order of samples where the dataset leaves it open
   * @param checkpoint a file that is written after each epoch and, if it is there, resumed from; or
   *     null
   * @param listener is told of each epoch as it ends
   */
  public record Run(long seed, @Nullable Path checkpoint, Consumer<History.Epoch> listener) {
    /** A run that nothing is written of. */
    static Run of(long seed) {
      return new Run(seed, null, epoch -> {});
    }
  }

  /** The same with another learning rate. */
  public Training learningRate(double rate) {
    return new Training(epochs, rate, validation, recipe, run);
  }

  /**
   * The same with samples that choose: after each epoch their top-1 is measured, and the best state
   * is kept, the one before training included. Never give the samples that results are reported on.
   */
  public Training validate(Dataset samples) {
    return new Training(epochs, learningRate, samples, recipe, run);
  }

  /** The same with another loss. */
  public Training loss(Loss other) {
    return with(
        new Recipe(recipe.method, recipe.weightDecay, recipe.warmup, recipe.liveNorms, other));
  }

  /** The same with an L2 penalty on matrices and kernels. */
  public Training weightDecay(double factor) {
    return with(new Recipe(recipe.method, factor, recipe.warmup, recipe.liveNorms, recipe.loss));
  }

  /** The same with a learning rate that rises for so many epochs before it falls. */
  public Training warmup(double epochs) {
    return with(
        new Recipe(recipe.method, recipe.weightDecay, epochs, recipe.liveNorms, recipe.loss));
  }

  /** The same with another seed. */
  public Training seed(long seed) {
    return with(new Run(seed, run.checkpoint, run.listener));
  }

  /**
   * The same with a file that is written after each epoch. If it is there when training begins, and
   * belongs to a training of the same kind, training goes on from it.
   */
  public Training checkpoint(Path file) {
    return with(new Run(run.seed, file, run.listener));
  }

  /**
   * The same with somebody who is told of each epoch as it ends, after its validation and its
   * checkpoint: to keep a log. Replaces a listener given before; epochs that a resumed training
   * takes from its checkpoint are not told again.
   */
  public Training onEpoch(Consumer<History.Epoch> listener) {
    return with(new Run(run.seed, run.checkpoint, listener));
  }

  private Training with(Run changed) {
    return new Training(epochs, learningRate, validation, recipe, changed);
  }

  private Training with(Recipe changed) {
    return new Training(epochs, learningRate, validation, changed, run);
  }
}
