package io.qalibre.quant;

/** What AIMET's histogram analyzers give a tensor that was zero throughout: [−1, 1]. */
final class AllZero {
  private AllZero() {}

  static Encoding grid(QuantizerSpec spec) {
    boolean strict = spec.symmetry().symmetric() && spec.symmetry().strict();
    long steps = (1L << spec.bitwidth()) - (strict ? 2 : 1);
    double scale = 2.0 / steps;
    long offset = (long) Math.floor(-1 / scale);
    return Encoding.of(scale, offset, steps, spec.bitwidth(), spec.symmetry().symmetric());
  }
}
