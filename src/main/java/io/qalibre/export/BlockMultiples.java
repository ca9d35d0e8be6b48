package io.qalibre.export;

import io.qalibre.errors.QalibreException;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.List;

/**
 * The scales of low-power blockwise quantization (LPBQ) as files hold them: for each channel a
 * float, its unit, and for each block a whole multiple of it.
 *
 * @param units one a channel
 * @param multiples one a block, channel by channel
 */
record BlockMultiples(List<Double> units, List<Long> multiples) {
  /** How far a scale may lie from a multiple, in units: what double arithmetic leaves. */
  private static final double ROUNDING = 1e-6;

  /**
   * The multiples of an encoding.
   *
   * @throws QalibreException if a channel's scales are no multiples of one unit, or a grid is not
   *     symmetric, naming the tensor
   */
  static BlockMultiples of(String tensor, TensorEncoding encoding, BlockLayout layout) {
    List<Double> units = new ArrayList<>();
    List<Long> multiples = new ArrayList<>();
    for (int channel = 0; channel < layout.channels(); channel++) {
      int start = channel * layout.blocks();
      List<Encoding> grids = encoding.grids().subList(start, start + layout.blocks());
      requireSymmetric(tensor, grids);
      double unit = unit(tensor, grids, 1L << layout.granularity().scaleBits());
      units.add(unit);
      grids.forEach(grid -> multiples.add(Math.round(grid.scale() / unit)));
    }
    return new BlockMultiples(units, multiples);
  }

  /** The largest scale is the largest multiple, unless others do not fit then. */
  private static double unit(String tensor, List<Encoding> grids, long most) {
    double largest = grids.stream().mapToDouble(Encoding::scale).max().orElseThrow();
    for (long multiple = most; multiple > 0; multiple--) {
      double unit = largest / multiple;
      if (grids.stream().allMatch(grid -> isMultiple(grid.scale() / unit))) {
        return unit;
      }
    }
    throw new QalibreException(
        "`"
            + tensor
            + "`: expected the block scales of a channel to be whole multiples, 1 to "
            + most
            + ", of one number, as LPBQ has them, found "
            + grids.stream().map(Encoding::scale).toList());
  }

  private static boolean isMultiple(double ratio) {
    return ratio > 0.5 && Math.abs(ratio - Math.rint(ratio)) < ROUNDING;
  }

  private static void requireSymmetric(String tensor, List<Encoding> grids) {
    for (Encoding grid : grids) {
      if (grid.offset() != -(1L << (grid.bitwidth() - 1))) {
        throw new QalibreException(
            "`" + tensor + "`: LPBQ is symmetric only, found offset " + grid.offset());
      }
    }
  }
}
