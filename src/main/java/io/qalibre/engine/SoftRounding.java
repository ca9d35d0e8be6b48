package io.qalibre.engine;

/**
 * A weight between its two neighbours on the grid: {@code base + step·h(alpha)} with the rectified
 * sigmoid h(α) = clip(1.2·σ(α) − 0.1, 0, 1). A weight with a step of 0 stays at its base.
 *
 * <p>Source: Louizos et al., Learning Sparse Neural Networks through L0 Regularization, 2018 (arXiv
 * 1712.01312), with ζ = 1.1 and γ = −0.1, as Nagel et al., 2020 (arXiv 2004.10568), use it.
 *
 * @param base the lower neighbours, in the weight's order
 * @param step the distances to the upper neighbours, 0 where there is no choice
 * @param alpha the sigmoid's arguments: from 0 on the upper neighbour is the nearer one
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody, millions of weights are no list
public record SoftRounding(float[] base, float[] step, float[] alpha) {
  /** What the sigmoid is stretched by: ζ − γ. */
  public static final double STRETCH = 1.2;

  /** What it begins at: γ. */
  public static final double BELOW = -0.1;

  /** Checks the lengths. */
  public SoftRounding {
    if (base.length != step.length || base.length != alpha.length) {
      throw new IllegalArgumentException(
          "%d bases, %d steps, %d arguments".formatted(base.length, step.length, alpha.length));
    }
  }

  /** The argument at which h is a weight's place between its neighbours, 0 to 1. */
  public static float argument(double fraction) {
    return (float) -Math.log(STRETCH / (fraction - BELOW) - 1);
  }

  /** The same with other arguments. */
  public SoftRounding with(float[] changed) {
    return new SoftRounding(base, step, changed);
  }

  /** The neighbours that the arguments choose. */
  public float[] chosen() {
    float[] values = new float[base.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = alpha[i] >= 0 ? base[i] + step[i] : base[i];
    }
    return values;
  }
}
