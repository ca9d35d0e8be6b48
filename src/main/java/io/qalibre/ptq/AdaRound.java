package io.qalibre.ptq;

import io.qalibre.errors.QalibreException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How AdaRound works: {@code AdaRound.iterations(2000)} begins with AIMET's numbers, but for short
 * runs, and every method here gives a new value.
 *
 * <p>Source: Nagel et al., Up or Down? Adaptive Rounding for Post-Training Quantization, 2020
 * (arXiv 2004.10568).
 *
 * @param iterations the iterations a layer, at least 1; AIMET takes 10,000 to 15,000
 * @param batch the samples of an iteration, drawn at random, at least 1
 * @param recipe the optimizer's numbers
 * @param seed decides which samples are drawn
 * @param place the memory that may be taken, and the folder in which work is kept
 */
public record AdaRound(int iterations, int batch, Recipe recipe, long seed, Place place) {
  private static final int BATCH = 32;

  /** AIMET's learning rate, for its 10,000 iterations. */
  private static final double LEAST_RATE = 1e-3;

  /** With more the sigmoids' arguments shake. */
  private static final double MOST_RATE = 1e-2;

  /** How far an argument may go: 10,000 iterations at AIMET's rate. */
  private static final double WAY = 10;

  /** Checks the numbers. */
  public AdaRound {
    if (iterations < 1 || batch < 1 || place.memory < 1) {
      throw new QalibreException(
          "AdaRound takes iterations, batch and memory of at least 1, found %d, %d and %d"
              .formatted(iterations, batch, place.memory));
    }
  }

  /**
   * What AdaRound may use.
   *
   * @param memory the bytes that the layers' inputs and outputs may take; where they need more,
   *     they are computed anew for each layer, and looked at in several pools one after the other
   * @param checkpoints the folder for checkpoints, or null
   */
  public record Place(long memory, @Nullable Path checkpoints) {}

  /**
   * The optimizer's numbers.
   *
   * @param learningRate Adam's learning rate, in (0, 1]
   * @param regularization the factor λ of λ·Σ(1 − |2h − 1|^β), which drives each weight to a
   *     decision; 0 or more
   * @param warmStart the share of the iterations without it, from the first one on; 0 to below 1
   * @param betaFrom β after the warm start; falls along half a cosine
   * @param betaTo β at the end, at least 1
   */
  public record Recipe(
      double learningRate,
      double regularization,
      double warmStart,
      double betaFrom,
      double betaTo) {
    /** Checks the numbers. */
    public Recipe {
      if (!(learningRate > 0) || learningRate > 1) {
        throw new QalibreException("expected a learning rate in (0, 1], found " + learningRate);
      }
      if (!(regularization >= 0) || !(warmStart >= 0) || !(warmStart < 1)) {
        throw new QalibreException(
            "expected a regularization of 0 or more and a warm start of 0 to below 1, found %s and %s"
                .formatted(regularization, warmStart));
      }
      if (!(betaTo >= 1) || !(betaFrom >= betaTo)) {
        throw new QalibreException(
            "expected β to fall to 1 or more, found %s to %s".formatted(betaFrom, betaTo));
      }
    }
  }

  /**
   * So many iterations a layer, on batches of 32, with AIMET's recipe and a quarter of memory. The
   * learning rate is AIMET's 1e-3 from 10,000 iterations on; with fewer it is larger, up to 1e-2,
   * so that weights can go as far.
   */
  public static AdaRound iterations(int iterations) {
    double rate = Math.max(LEAST_RATE, Math.min(MOST_RATE, WAY / Math.max(1, iterations)));
    return new AdaRound(
        iterations, BATCH, new Recipe(rate, 0.01, 0.2, 20, 2), 1, new Place(Memory.share(), null));
  }

  /** The same with another number of samples an iteration. */
  public AdaRound batch(int samples) {
    return new AdaRound(iterations, samples, recipe, seed, place);
  }

  /** The same with another seed. */
  public AdaRound seed(long other) {
    return new AdaRound(iterations, batch, recipe, other, place);
  }

  /** The same with another bound on memory, in bytes. */
  public AdaRound memory(long bytes) {
    return new AdaRound(iterations, batch, recipe, seed, new Place(bytes, place.checkpoints));
  }

  /**
   * The same with a folder for checkpoints: a file to which each layer is added when it is done,
   * and whose name is made of the network, its weights and encodings, the samples and the recipe.
   * Work that was stopped goes on from its own file, and work of another kind begins anew.
   */
  public AdaRound checkpointsIn(Path folder) {
    return new AdaRound(iterations, batch, recipe, seed, new Place(place.memory, folder));
  }

  /** The same with another learning rate. */
  public AdaRound learningRate(double rate) {
    return with(
        new Recipe(rate, recipe.regularization, recipe.warmStart, recipe.betaFrom, recipe.betaTo));
  }

  /** The same with another factor of the penalty. */
  public AdaRound regularization(double factor) {
    return with(
        new Recipe(recipe.learningRate, factor, recipe.warmStart, recipe.betaFrom, recipe.betaTo));
  }

  /** The same with another share of iterations before the penalty sets in. */
  public AdaRound warmStart(double share) {
    return with(
        new Recipe(
            recipe.learningRate, recipe.regularization, share, recipe.betaFrom, recipe.betaTo));
  }

  /** The same with another course of β. */
  public AdaRound beta(double from, double to) {
    return with(new Recipe(recipe.learningRate, recipe.regularization, recipe.warmStart, from, to));
  }

  private AdaRound with(Recipe changed) {
    return new AdaRound(iterations, batch, changed, seed, place);
  }
}
