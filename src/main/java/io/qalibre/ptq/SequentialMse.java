package io.qalibre.ptq;

import io.qalibre.errors.QalibreException;

/**
 * How the ranges of weights are chosen by the error that they make in their layer's output: of some
 * fractions of each channel's range the best is taken, layer by layer, each fed what the layers
 * before it give with the grids already chosen.
 *
 * @param candidates how many ranges are tried: 1/n, 2/n … n/n of the whole one; 1 or more
 * @param loss how errors are weighed
 * @param memory how many bytes of heap may hold tensors between layers; where they do not fit,
 *     parts of the network run repeatedly
 */
public record SequentialMse(int candidates, Loss loss, long memory) {
  /** Twenty candidates, squared errors: AIMET's. */
  public static final SequentialMse DEFAULT =
      new SequentialMse(20, Loss.MSE, BiasCorrection.EMPIRICAL.memory());

  /** How the errors of an output channel's values are weighed. */
  public enum Loss {
    /** The sum of squared errors. */
    MSE,
    /** The sum of absolute errors. */
    L1,
    /** The ratio of noise to signal in dB, averaged over batches: each batch counts alike. */
    SQNR
  }

  /** Checks the number of candidates. */
  public SequentialMse {
    if (candidates < 1) {
      throw new QalibreException(
          "sequentialMse: expected one candidate or more, found " + candidates);
    }
  }

  /** The same with another number of candidates. */
  public SequentialMse withCandidates(int number) {
    return new SequentialMse(number, loss, memory);
  }

  /** The same with errors weighed in another way. */
  public SequentialMse withLoss(Loss other) {
    return new SequentialMse(candidates, other, memory);
  }

  /** The same with another limit on what is kept, in bytes; 0 keeps nothing. */
  public SequentialMse withMemory(long bytes) {
    return new SequentialMse(candidates, loss, bytes);
  }
}
