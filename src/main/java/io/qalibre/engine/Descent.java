package io.qalibre.engine;

/**
 * How the arguments of a {@link SoftRounding} are optimized: by Adam on batches of samples.
 *
 * @param iterations how often
 * @param batch the samples of an iteration
 * @param learningRate Adam's learning rate
 * @param penalty what drives the arguments to a decision
 * @param seed decides which samples are drawn
 */
public record Descent(int iterations, int batch, double learningRate, Penalty penalty, long seed) {
  private static final double FIRST = 0.9;
  private static final double SECOND = 0.999;
  private static final double EPSILON = 1e-8;

  /**
   * The penalty λ·Σ(1 − |2h − 1|^β), whose β falls along half a cosine.
   *
   * @param factor λ
   * @param warmStart the share of iterations without it, from the first one on, 0 to 1
   * @param from β after the warm start
   * @param to β at the end
   */
  public record Penalty(double factor, double warmStart, double from, double to) {}

  /** β in an iteration that counts from 0; 0 where there is no penalty yet. */
  public double beta(int iteration) {
    double start = penalty.warmStart * iterations;
    if (iteration < start) {
      return 0;
    }
    double done = (iteration - start) / (iterations - start);
    return penalty.to + (penalty.from - penalty.to) * (1 + Math.cos(Math.PI * done)) / 2;
  }

  /** What Adam's quotient of averages is multiplied by in an iteration, both biases corrected. */
  double rate(int iteration) {
    return -learningRate * correction(iteration) / (1 - Math.pow(FIRST, iteration + 1.0));
  }

  /** What keeps Adam's denominator from zero in an iteration. */
  double floor(int iteration) {
    return EPSILON * correction(iteration);
  }

  private static double correction(int iteration) {
    return Math.sqrt(1 - Math.pow(SECOND, iteration + 1.0));
  }
}
