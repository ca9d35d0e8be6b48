package io.qalibre.ptq;

import io.qalibre.engine.SoftRounding;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;

/**
 * A weight on its grid, element by element.
 *
 * @param weight the weight
 * @param encoding its grids
 */
record WeightCodes(Tensor weight, TensorEncoding encoding) {

  /**
   * The weight between its two neighbours on the grid. Weights beyond the grid's ends have no
   * choice.
   */
  SoftRounding soft() {
    float[] values = weight.floats();
    float[] base = new float[values.length];
    float[] step = new float[values.length];
    float[] alpha = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      Encoding grid = grid(i);
      double place = values[i] / (float) grid.scale();
      long lower = lower(values[i], grid);
      boolean choice = lower >= 0 && lower < grid.steps();
      base[i] = grid.dequantize(clamp(lower, grid));
      step[i] = choice ? (float) grid.scale() : 0;
      alpha[i] = SoftRounding.argument(place - Math.floor(place));
    }
    return new SoftRounding(base, step, alpha);
  }

  /** The weight on the grid points that the arguments of {@link #soft()} choose, exactly. */
  Tensor rounded(float[] alpha) {
    float[] values = weight.floats();
    for (int i = 0; i < values.length; i++) {
      Encoding grid = grid(i);
      long up = alpha[i] >= 0 ? 1 : 0;
      long lower = lower(values[i], grid);
      values[i] = grid.dequantize(clamp(lower < 0 ? lower : lower + up, grid));
    }
    return Tensor.of(values, weight.sizes());
  }

  /** The percentage of weights whose code in another state is not the nearest one. */
  double changed(Tensor rounded) {
    float[] values = weight.floats();
    float[] others = rounded.floats();
    int changed = 0;
    for (int i = 0; i < values.length; i++) {
      changed += grid(i).quantize(values[i]) == grid(i).quantize(others[i]) ? 0 : 1;
    }
    return 100.0 * changed / Math.max(1, values.length);
  }

  private static long lower(float value, Encoding grid) {
    return (long) Math.floor(value / (float) grid.scale()) - grid.offset();
  }

  private static long clamp(long code, Encoding grid) {
    return Math.max(0, Math.min(grid.steps(), code));
  }

  private Encoding grid(int element) {
    return encoding.grids().get(encoding.granularity().grid(element, weight.sizes()));
  }
}
