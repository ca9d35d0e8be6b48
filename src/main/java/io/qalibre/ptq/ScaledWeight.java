package io.qalibre.ptq;

import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.FakeQuantizer;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.Grids;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Range;
import io.qalibre.quant.Rounding;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.List;

/**
 * A weight whose channels were multiplied by factors, on grids that were multiplied as well.
 *
 * <p>A channel keeps its codes; those of a negative factor are mirrored about zero. Where a code
 * has no mirror image (the most negative one of a symmetric grid, all of an unsigned one), or the
 * scale would fall below {@link Grids#minimumScale}, the channel gets the least grid that covers
 * the mirrored range, and its weights move by half a step of it at most.
 *
 * @param weight the weight
 * @param encoding its grids
 * @param replaced how many channels have another grid than the scaled one
 */
record ScaledWeight(Tensor weight, TensorEncoding encoding, int replaced) {
  /**
   * Scales the grids of a weight.
   *
   * @param before the weight as it was
   * @param encoding its grids, one a channel
   * @param after the weight with its channels multiplied
   * @param factors what they were multiplied by, one a grid
   * @param spec its quantizer
   */
  static ScaledWeight of(
      Tensor before, TensorEncoding encoding, Tensor after, double[] factors, QuantizerSpec spec) {
    long[] shape = before.sizes();
    Rounding rounding = spec.format().rounding();
    long[] levels = levels(before, encoding, rounding);
    Granularity granularity = encoding.granularity();
    boolean[] mirrored = mirrorable(levels, shape, encoding);
    List<Encoding> grids = new ArrayList<>();
    int replaced = 0;
    boolean[] kept = new boolean[factors.length];
    for (int c = 0; c < factors.length; c++) {
      Encoding grid = encoding.grids().get(c);
      float scale = (float) (grid.scale() * Math.abs(factors[c]));
      kept[c] =
          scale >= Grids.minimumScale(grid.bitwidth())
              && Float.isFinite(scale)
              && (factors[c] > 0 || mirrored[c]);
      grids.add(kept[c] ? scaled(grid, scale, factors[c] < 0) : covering(grid, factors[c], spec));
      replaced += kept[c] ? 0 : 1;
    }
    TensorEncoding scaled = new TensorEncoding(granularity, grids);
    float[] values = after.floats();
    float[] found = FakeQuantizer.apply(values, shape, scaled, rounding);
    for (int i = 0; i < values.length; i++) {
      int c = granularity.grid(i, shape);
      float wanted = (factors[c] < 0 ? -levels[i] : levels[i]) * (float) grids.get(c).scale();
      if (kept[c] && found[i] != wanted) {
        values[i] = moved(values[i], wanted, grids.get(c), rounding);
      }
    }
    return new ScaledWeight(Tensor.of(values, shape), scaled, replaced);
  }

  /** The weights in whole steps from zero. */
  private static long[] levels(Tensor weight, TensorEncoding encoding, Rounding rounding) {
    long[] shape = weight.sizes();
    float[] rounded = FakeQuantizer.apply(weight.floats(), shape, encoding, rounding);
    long[] levels = new long[rounded.length];
    for (int i = 0; i < levels.length; i++) {
      Encoding grid = encoding.grids().get(encoding.granularity().grid(i, shape));
      levels[i] = Math.round((double) rounded[i] / (float) grid.scale());
    }
    return levels;
  }

  /** The channels whose mirror image lies on a grid of the same kind. */
  private static boolean[] mirrorable(long[] levels, long[] shape, TensorEncoding encoding) {
    boolean[] mirrorable = new boolean[encoding.grids().size()];
    java.util.Arrays.fill(mirrorable, true);
    for (int i = 0; i < levels.length; i++) {
      int c = encoding.granularity().grid(i, shape);
      Encoding grid = encoding.grids().get(c);
      long highest = grid.offset() + grid.steps();
      mirrorable[c] &= !grid.symmetric() || (-levels[i] >= grid.offset() && -levels[i] <= highest);
    }
    return mirrorable;
  }

  private static Encoding scaled(Encoding grid, float scale, boolean mirrored) {
    long offset = mirrored && !grid.symmetric() ? -(grid.offset() + grid.steps()) : grid.offset();
    return Encoding.of(scale, offset, grid.steps(), grid.bitwidth(), grid.symmetric());
  }

  private static Encoding covering(Encoding grid, double factor, QuantizerSpec spec) {
    double one = factor * grid.min();
    double other = factor * grid.max();
    Encoding found = Grids.grid(new Range(Math.min(one, other), Math.max(one, other)), spec);
    return Encoding.of(
        (float) found.scale(),
        found.offset(),
        found.steps(),
        found.bitwidth(),
        found.symmetric());
  }

  /** A weight half-way between two codes, which rounding of the products took to the other one. */
  private static float moved(float value, float wanted, Encoding grid, Rounding rounding) {
    TensorEncoding encoding = TensorEncoding.perTensor(grid);
    float moved = value;
    float[] found;
    do {
      moved = Math.nextAfter(moved, wanted);
      found = FakeQuantizer.apply(new float[] {moved}, new long[] {1}, encoding, rounding);
    } while (moved != wanted && found[0] != wanted);
    return moved;
  }
}
