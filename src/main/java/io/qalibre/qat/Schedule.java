package io.qalibre.qat;

import io.qalibre.errors.QalibreException;

/**
 * The learning rate over a training: it rises along a line and then falls.
 *
 * @param highest the rate between rise and fall, in (0, 10]
 * @param warmup how many epochs it rises, 0 or more
 * @param fall how it falls
 */
public record Schedule(double highest, double warmup, Fall fall) {
  /** The share of the highest rate that a rise begins with. */
  private static final double FIRST = 0.01;

  /** Checks the numbers. */
  public Schedule {
    if (!(highest > 0) || highest > 10) {
      throw new QalibreException("expected a learning rate in (0, 10], found " + highest);
    }
    if (!(warmup >= 0)) {
      throw new QalibreException("expected a warm-up of 0 epochs or more, found " + warmup);
    }
  }

  /** How a learning rate falls. */
  public sealed interface Fall {
    /** The share of the highest rate after so many of a number of epochs, the rise left out. */
    double share(double done, double epochs);
  }

  /**
   * To zero along half a cosine. Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent
   * with Warm Restarts, 2016 (arXiv 1608.03983).
   */
  public record Cosine() implements Fall {
    @Override
    public double share(double done, double epochs) {
      return epochs == 0 ? 0 : (1 + Math.cos(Math.PI * done / epochs)) / 2;
    }
  }

  /**
   * In steps.
   *
   * @param everyEpochs how long a step is, at least 1
   * @param factor what the rate is multiplied by after each, in (0, 1]
   */
  public record Steps(int everyEpochs, double factor) implements Fall {
    /** Checks the numbers. */
    public Steps {
      if (everyEpochs < 1 || !(factor > 0) || factor > 1) {
        throw new QalibreException(
            "expected steps of at least 1 epoch and a factor in (0, 1], found "
                + everyEpochs
                + " and "
                + factor);
      }
    }

    @Override
    public double share(double done, double epochs) {
      // Sums of batches may come out a hair below a whole number of epochs.
      return Math.pow(factor, Math.floor((done + 1e-9) / everyEpochs));
    }
  }

  /**
   * The learning rate.
   *
   * @param done how many epochs are done, with fractions
   * @param epochs how many there are
   */
  double rate(double done, int epochs) {
    double rise = Math.min(warmup, epochs);
    return done < rise
        ? highest * Math.max(done / rise, FIRST)
        : highest * fall.share(done - rise, epochs - rise);
  }
}
