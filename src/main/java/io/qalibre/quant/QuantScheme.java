package io.qalibre.quant;

/** How a quantizer's range is found from the values it has seen. */
public sealed interface QuantScheme permits MinMax, TfEnhanced, Percentile, Mse, Entropy {
  /** The smallest and the largest value seen. */
  QuantScheme MIN_MAX = new MinMax();

  /** The grid with the least squared error, in which clipping weighs three times as much (SQNR). */
  QuantScheme TF_ENHANCED = new TfEnhanced();

  /** The grid with the least squared error, in which clipping and rounding weigh the same. */
  QuantScheme MSE = new Mse();

  /** The range with the least Kullback–Leibler divergence between values and codes. */
  QuantScheme ENTROPY = new Entropy();

  /**
   * All but the share of values beyond a percentile on either side.
   *
   * @param percentile 50 to 100; 100 is the whole range
   */
  static QuantScheme percentile(double percentile) {
    return new Percentile(percentile);
  }

  /** The name used in files, such as {@code min_max}; {@code toString} adds what it was given. */
  String label();

  /** Whether it looks at the histogram, or at the range only. */
  default boolean readsHistogram() {
    return true;
  }

  /**
   * The grid of a quantizer.
   *
   * @param seen the values it has seen
   * @param spec what it does; its scheme is not looked at
   * @throws IllegalArgumentException if the scheme needs a histogram and there is none
   */
  Encoding grid(Statistics seen, QuantizerSpec spec);
}
