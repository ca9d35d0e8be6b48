package io.qalibre.export;

import io.qalibre.graph.Tensor;
import io.qalibre.quant.TensorEncoding;

/** What a DequantizeLinear of a QDQ file stands for. */
sealed interface Dequantized {
  /** The tensor it reads: the float one before codes are made of it, or the stored codes. */
  String source();

  /** The tensor it writes. */
  String output();

  /** A computed tensor, quantized and dequantized. */
  record Activation(String source, String output, TensorEncoding encoding) implements Dequantized {}

  /**
   * A constant on a grid.
   *
   * @param value its floats: those that stored codes stand for, or as the file has them
   * @param stored whether the file stores codes
   */
  record Constant(
      String source, String output, TensorEncoding encoding, Tensor value, boolean stored)
      implements Dequantized {}

  /** 32-bit integers that kernels add to their sums: floats without a quantizer of their own. */
  record Bias(String source, String output, Tensor value) implements Dequantized {}
}
