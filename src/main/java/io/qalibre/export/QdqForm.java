package io.qalibre.export;

/**
 * Which integers a QDQ file holds. The values that codes stand for, and so the quantizers, are the
 * same in both.
 */
public enum QdqForm {
  /**
   * Activations as unsigned codes around a zero point, biases as int32 codes: what ONNX Runtime and
   * OpenVINO make integer kernels of.
   */
  UNSIGNED,
  /**
   * All codes signed, all zero points 0, biases as floats: the only QDQ that TensorRT reads. ONNX
   * Runtime 1.23 runs it too, but computes convolutions with a Relu or Clip behind them in float,
   * where it does not make integers of float biases. A grid has to fit into a signed type so, as
   * symmetric ones do; asymmetric and unsigned symmetric ones of 8 or 16 bits do not, nor do
   * asymmetric ones of weights.
   */
  SIGNED;

  /** Whether the codes of activations are signed. */
  boolean signed() {
    return this == SIGNED;
  }

  /** Whether biases are stored as the 32-bit integers that kernels add. */
  boolean integerBiases() {
    return this == UNSIGNED;
  }

  /**
   * The type that the codes of a computed tensor have.
   *
   * @param bits 2 to {@link CodeType#MOST_BITS}
   */
  CodeType computed(int bits) {
    return CodeType.ofComputed(bits, signed());
  }
}
