package io.qalibre.quant;

import java.util.ArrayList;
import java.util.List;

/**
 * The scales of low-power blockwise quantization (LPBQ): whole multiples of one float a channel, so
 * that a kernel multiplies by an integer for each block and by a float once a channel.
 */
public final class BlockScales {
  private BlockScales() {}

  /**
   * The float that the scales of a channel are multiples of: the largest one, divided by 2^bits.
   *
   * @param scales the scales of one channel's blocks
   * @param bits bits of a multiple, 1 to 2^bits
   */
  public static double unit(List<Double> scales, int bits) {
    return scales.stream().mapToDouble(Double::doubleValue).max().orElseThrow() / (1L << bits);
  }

  /** A scale as a multiple, 1 to 2^bits, of its channel's unit. */
  public static long multiple(double scale, double unit, int bits) {
    return Math.max(1, Math.min(1L << bits, (long) Math.rint(scale / unit)));
  }

  /** The grids with each scale rounded to a whole multiple of its channel's unit. */
  static List<Encoding> wholeMultiples(
      List<Encoding> grids, Granularity.PerBlock blocks, long[] shape) {
    int perChannel = blocks.blocks(shape);
    List<Encoding> rounded = new ArrayList<>(grids.size());
    for (int start = 0; start < grids.size(); start += perChannel) {
      List<Encoding> channel = grids.subList(start, start + perChannel);
      double unit = unit(channel.stream().map(Encoding::scale).toList(), blocks.scaleBits());
      for (Encoding grid : channel) {
        double scale = unit * multiple(grid.scale(), unit, blocks.scaleBits());
        rounded.add(
            Encoding.of(scale, grid.offset(), grid.steps(), grid.bitwidth(), grid.symmetric()));
      }
    }
    return rounded;
  }
}
