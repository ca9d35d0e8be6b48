package io.qalibre.ptq;

/**
 * How biases are corrected. Rounding weights moves the mean of a layer's output; the bias can take
 * that back.
 *
 * <p>Source: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction,
 * 2019 (arXiv 1906.04721).
 *
 * @param analytical whether the means of a layer's inputs come from the batch normalization before
 *     it, where there was one, rather than from samples
 * @param activationsQuantized whether means are measured while activations are quantized as well,
 *     so that biases take back the shifts by their clipping too
 * @param memory how many bytes of heap may hold tensors between layers; where they do not fit,
 *     parts of the network run repeatedly
 */
public record BiasCorrection(boolean analytical, boolean activationsQuantized, long memory) {
  /** From samples, while weights alone are quantized: what AIMET does. */
  public static final BiasCorrection EMPIRICAL =
      new BiasCorrection(false, false, Math.min(1L << 30, Runtime.getRuntime().maxMemory() / 4));

  /** From the statistics of batch normalizations where there are some, else from samples. */
  public static final BiasCorrection ANALYTICAL = new BiasCorrection(true, false, EMPIRICAL.memory);

  /** The same with activations quantized, or not, while means are measured. */
  public BiasCorrection withActivationsQuantized(boolean quantized) {
    return new BiasCorrection(analytical, quantized, memory);
  }

  /** The same with another limit on what is kept, in bytes; 0 keeps nothing. */
  public BiasCorrection withMemory(long bytes) {
    return new BiasCorrection(analytical, activationsQuantized, bytes);
  }
}
