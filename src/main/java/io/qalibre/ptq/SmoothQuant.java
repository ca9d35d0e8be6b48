package io.qalibre.ptq;

import io.qalibre.errors.QalibreException;

/**
 * How the ranges of activations move into weights.
 *
 * <p>Source: Xiao et al., SmoothQuant: Accurate and Efficient Post-Training Quantization for Large
 * Language Models, 2022 (arXiv 2211.10438).
 *
 * @param alpha how much of an activation's range moves, 0 to 1: with 1 all channels of activations
 *     get the same range, with 0 all input channels of weights do
 */
public record SmoothQuant(double alpha) {
  /** As much to the weights as to the activations: 0.5. */
  public static final SmoothQuant DEFAULT = new SmoothQuant(0.5);

  /** Checks the number. */
  public SmoothQuant {
    if (!(alpha >= 0) || !(alpha <= 1)) {
      throw new QalibreException("smoothQuant: expected an alpha of 0 to 1, found " + alpha);
    }
  }

  /** The same with another alpha. */
  public SmoothQuant withAlpha(double other) {
    return new SmoothQuant(other);
  }
}
