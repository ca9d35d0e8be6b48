package io.qalibre.export;

import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.FakeQuantizer;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.Rounding;
import io.qalibre.quant.TensorEncoding;

/**
 * A constant as the codes of its grids, with what ONNX's DequantizeLinear needs beside.
 *
 * @param codes the codes, in the shape of the constant
 * @param scale one scale, one a channel, or one a block in the constant's shape but for the axis
 *     that is cut into blocks
 * @param zeroPoint as many zero points, of the codes' type
 */
record IntegerTensor(Tensor codes, Tensor scale, Tensor zeroPoint) {

  /**
   * The codes of a parameter: signed with zero point 0 where every grid has zero in the middle,
   * unsigned otherwise; in the smallest type that holds them.
   */
  static IntegerTensor parameter(Tensor value, TensorEncoding encoding, Rounding rounding) {
    CodeType signed = CodeType.holding(encoding.bitwidth(), true);
    boolean fits = encoding.grids().stream().allMatch(signed::fits);
    return of(
        value, encoding, rounding, fits ? signed : CodeType.holding(encoding.bitwidth(), false));
  }

  /** The codes of a constant that is an operator's data, signed or not as those of activations. */
  static IntegerTensor activation(
      Tensor value, TensorEncoding encoding, Rounding rounding, QdqForm form) {
    return of(value, encoding, rounding, CodeType.holding(encoding.bitwidth(), form.signed()));
  }

  private static IntegerTensor of(
      Tensor value, TensorEncoding encoding, Rounding rounding, CodeType type) {
    long[] shape = value.sizes();
    // What the simulation computes with, whatever its rounding: each value is a code's.
    float[] values = FakeQuantizer.apply(value.floats(), shape, encoding, rounding);
    Granularity granularity = encoding.granularity();
    int run = granularity.run(shape);
    long[] codes = new long[values.length];
    for (int start = 0; start < codes.length; start += run) {
      Encoding grid = encoding.grids().get(granularity.grid(start, shape));
      long zero = type.signed() ? grid.offset() : 0;
      for (int i = start; i < start + run; i++) {
        codes[i] = grid.quantize(values[i]) + zero;
      }
    }
    ScaleLayout layout = ScaleLayout.of(encoding.granularity(), shape);
    return new IntegerTensor(
        Tensor.ofIntegers(type.data(), codes, shape),
        layout.scales(encoding.grids()),
        layout.zeroPoints(encoding.grids(), type));
  }
}
