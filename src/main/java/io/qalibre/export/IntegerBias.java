package io.qalibre.export;

import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import java.util.Optional;

/**
 * A bias as the 32-bit integers that integer kernels add to their sums: in steps of s_in·s_w, where
 * s_in is the input's scale and s_w the weight's, channel by channel.
 *
 * @param codes the integers, one an output channel
 * @param scale the steps as float32: one, or one a channel
 */
record IntegerBias(Tensor codes, Tensor scale) {
  /**
   * The largest code: AIMET leaves 2^15 to the sum that is added. {@link OverflowGuard} raises a
   * weight's scale until the code is just that, but for the rounding of two scales to float32.
   */
  private static final double LARGEST = (0x1p31 - 0x1p15) * (1 + 0x1p-22);

  /**
   * The integers of a bias.
   *
   * @param node the operator that adds the bias
   * @return nothing where the operator's integer kernel takes no such bias, or a code would
   *     overflow
   */
  static Optional<IntegerBias> of(
      OperatorNode node, Tensor bias, Encoding input, TensorEncoding weight) {
    if (!hasIntegerKernel(node) || bias.rank() != 1) {
      return Optional.empty();
    }
    int channels = weight.grids().size();
    int[] codes = new int[bias.size()];
    if (channels != 1 && channels != codes.length) {
      return Optional.empty();
    }
    float[] values = bias.floats();
    float[] scales = new float[channels];
    for (int i = 0; i < codes.length; i++) {
      int channel = i % channels;
      double step = (double) (float) input.scale() * (float) weight.grids().get(channel).scale();
      scales[channel] = (float) step;
      double code = Math.rint(values[i] / step);
      // Negated, so that NaN is refused as well.
      if (!(Math.abs(code) <= LARGEST) || scales[channel] < Float.MIN_NORMAL) {
        return Optional.empty();
      }
      codes[i] = (int) code;
    }
    long[] shape = weight.perChannel() ? new long[] {channels} : new long[0];
    return Optional.of(new IntegerBias(Tensor.of(codes, codes.length), Tensor.of(scales, shape)));
  }

  /** The integers as a constant with zero point 0. */
  IntegerTensor stored() {
    Tensor zeros = Tensor.of(new int[scale.size()], scale.sizes());
    return new IntegerTensor(codes, scale, zeros);
  }

  /** The values that the integers stand for. */
  Tensor values() {
    long[] integers = codes.longs();
    float[] scales = scale.floats();
    float[] values = new float[integers.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) ((double) integers[i] * scales[i % scales.length]);
    }
    return Tensor.of(values, values.length);
  }

  /** Whether an operator is one that runtimes have integer kernels with weights for. */
  static boolean concerns(OperatorNode node) {
    return switch (node.type()) {
      case "Conv", "ConvTranspose", "Gemm", "MatMul" -> true;
      default -> false;
    };
  }

  private static boolean hasIntegerKernel(OperatorNode node) {
    return switch (node.type()) {
      case "Conv", "ConvTranspose" -> true;
      case "Gemm" ->
          node.attributes().number("alpha", 1) == 1
              && node.attributes().number("beta", 1) == 1
              && !node.attributes().flag("transA", false);
      default -> false;
    };
  }
}
