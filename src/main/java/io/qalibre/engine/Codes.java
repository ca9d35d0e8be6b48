package io.qalibre.engine;

import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;

/**
 * The codes of a grid in training, where those of symmetric grids are signed: the value of code q
 * is scale · (q − zero point).
 *
 * @param first the smallest code
 * @param last the largest code
 */
record Codes(long first, long last) {
  /**
   * A quantizer's codes. A symmetry that may be unsigned is taken to be: see {@link
   * LearnedRanges#decided}.
   */
  static Codes of(QuantizerSpec spec) {
    long most = (1L << spec.bitwidth()) - 1;
    Symmetry symmetry = spec.symmetry();
    if (!symmetry.symmetric() || symmetry.unsignedIfPositive()) {
      return new Codes(0, most);
    }
    long largest = most / 2;
    return new Codes(symmetry.strict() ? -largest : -largest - 1, largest);
  }

  /** How many steps there are between them. */
  long steps() {
    return last - first;
  }
}
