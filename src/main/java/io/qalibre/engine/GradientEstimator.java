package io.qalibre.engine;

/**
 * What a quantizer's range learns from, in quantization-aware training. Through the rounding itself
 * gradients pass as if it were not there (straight-through, Bengio et al. 2013, arXiv 1308.3432),
 * where a value's code is on the grid; where it is clipped, none passes.
 */
public enum GradientEstimator {
  /**
   * Minimum and maximum of each range are parameters and both learn, as in AIMET: scale and offset
   * follow from them. A range that is too narrow or too wide, or lies in the wrong place, moves.
   */
  LEARNED(RangeForm.ENDS),
  /**
   * The scale of each range is the parameter; zero points stay. Its gradient is multiplied by
   * 1/√(N·Q), with N the elements that share a range, for activations those of one sample, and Q
   * the largest code, so that a range moves no faster than a weight. Source: Esser et al., Learned
   * Step Size Quantization, ICLR 2020 (arXiv 1902.08153).
   */
  LSQ(RangeForm.STEP),
  /** Ranges stay as calibration found them; only weights learn. The fastest. */
  STRAIGHT_THROUGH(RangeForm.ENDS);

  private final RangeForm form;

  GradientEstimator(RangeForm form) {
    this.form = form;
  }

  /** Whether ranges learn. */
  public boolean learnsRanges() {
    return this != STRAIGHT_THROUGH;
  }

  RangeForm form() {
    return form;
  }
}
