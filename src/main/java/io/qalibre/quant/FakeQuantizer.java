package io.qalibre.quant;

import java.util.List;

/** Rounds a whole tensor to its grids. */
public final class FakeQuantizer {
  private FakeQuantizer() {}

  /** The values of the grids nearest to a tensor's, in float32, rounded half to even. */
  public static float[] apply(float[] values, long[] shape, TensorEncoding encoding) {
    return apply(values, shape, encoding, Rounding.HALF_EVEN);
  }

  /**
   * The values of the grids nearest to a tensor's, in float32.
   *
   * @param values the tensor in row-major order
   * @param shape its sizes
   * @param encoding its grids, as many as the shape has channels or blocks
   * @param rounding how halves are rounded
   * @return a new array
   * @throws IllegalArgumentException if the number of grids does not go with the shape
   */
  public static float[] apply(
      float[] values, long[] shape, TensorEncoding encoding, Rounding rounding) {
    Granularity granularity = encoding.granularity();
    List<Encoding> grids = encoding.grids();
    if (granularity.count(shape) != grids.size()) {
      throw new IllegalArgumentException(
          grids.size() + " encodings for " + granularity.count(shape) + " channels");
    }
    int run = granularity.run(shape);
    float[] result = new float[values.length];
    for (int start = 0; start < values.length; start += run) {
      Encoding grid = grids.get(granularity.grid(start, shape));
      if (rounding == Rounding.HALF_EVEN) {
        halfEven(values, result, start, run, grid);
      } else {
        halfAway(values, result, start, run, grid);
      }
    }
    return result;
  }

  private static void halfEven(
      float[] values, float[] result, int start, int count, Encoding grid) {
    float scale = (float) grid.scale();
    float lowest = grid.offset();
    float highest = grid.offset() + grid.steps();
    for (int i = start; i < start + count; i++) {
      float code = (float) Math.rint(values[i] / scale);
      result[i] = Math.max(lowest, Math.min(highest, code)) * scale;
    }
  }

  /** AIMET's kernel, step by step in float32: clip, divide, shift to unsigned codes, round. */
  private static void halfAway(
      float[] values, float[] result, int start, int count, Encoding grid) {
    float scale = (float) grid.scale();
    float offset = grid.offset();
    float min = (float) grid.min();
    float max = (float) grid.max();
    for (int i = start; i < start + count; i++) {
      float code = Math.max(min, Math.min(max, values[i])) / scale - offset;
      result[i] = ((float) Math.floor(code + 0.5f) + offset) * scale;
    }
  }
}
