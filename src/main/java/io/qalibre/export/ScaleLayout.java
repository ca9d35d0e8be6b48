package io.qalibre.export;

import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Granularity;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How QuantizeLinear and DequantizeLinear want the scales of a tensor's grids: a scalar, a vector
 * of channels, or, for blocks, the tensor's own shape but for the axis that is cut into blocks, so
 * that each scale is repeated along all axes that belong to a block as a whole.
 *
 * @param shape the sizes of scales and zero points
 * @param grids the grid of each scale, in row-major order
 */
record ScaleLayout(long[] shape, int[] grids) {

  /**
   * The layout for a tensor.
   *
   * @param tensor the sizes of the tensor; not looked at where it has one grid
   */
  static ScaleLayout of(Granularity granularity, long[] tensor) {
    if (granularity instanceof Granularity.PerBlock blocks) {
      long[] shape = tensor.clone();
      shape[blocks.blockAxis()] = blocks.blocks(tensor);
      int scales = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
      // Among the scales a block is one element long.
      Granularity single = new Granularity.PerBlock(blocks.axis(), blocks.blockAxis(), 1, 0);
      return new ScaleLayout(
          shape, IntStream.range(0, scales).map(i -> single.grid(i, shape)).toArray());
    }
    if (granularity instanceof Granularity.PerChannel) {
      int channels = granularity.count(tensor);
      return new ScaleLayout(new long[] {channels}, IntStream.range(0, channels).toArray());
    }
    return new ScaleLayout(new long[0], new int[] {0});
  }

  /** The float32 scales. */
  Tensor scales(List<Encoding> encodings) {
    float[] scales = new float[grids.length];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = (float) encodings.get(grids[i]).scale();
    }
    return Tensor.of(scales, shape);
  }

  /** The zero points, which are 0 for signed codes. */
  Tensor zeroPoints(List<Encoding> encodings, CodeType type) {
    long[] zeros = new long[grids.length];
    for (int i = 0; i < zeros.length && !type.signed(); i++) {
      zeros[i] = encodings.get(grids[i]).zeroPoint();
    }
    return Tensor.ofIntegers(type.data(), zeros, shape);
  }
}
