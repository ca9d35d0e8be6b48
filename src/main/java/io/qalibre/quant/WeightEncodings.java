package io.qalibre.quant;

import java.util.Arrays;
import java.util.List;

/**
 * Finds the grids of a constant tensor from its values. Their scales are float32 numbers, as a
 * simulation computes with them and as AIMET writes them.
 */
public final class WeightEncodings {
  private WeightEncodings() {}

  /**
   * The grids of a tensor; each channel or block is looked at on its own.
   *
   * @param values the tensor in row-major order, at least one value
   * @param shape its sizes
   * @param spec its quantizer
   * @throws IllegalArgumentException if a value is NaN or infinite, or blocks do not fit the shape
   */
  public static TensorEncoding of(float[] values, long[] shape, QuantizerSpec spec) {
    Granularity granularity = spec.granularity();
    List<Encoding> grids =
        Arrays.stream(split(values, shape, granularity))
            .parallel()
            .map(own -> Grids.grid(seen(own, spec), spec).inFloat32())
            .toList();
    return granularity instanceof Granularity.PerBlock blocks && blocks.scaleBits() > 0
        ? new TensorEncoding(granularity, BlockScales.wholeMultiples(grids, blocks, shape))
        : new TensorEncoding(granularity, grids);
  }

  private static Statistics seen(float[] values, QuantizerSpec spec) {
    return spec.scheme().readsHistogram()
        ? Statistics.of(values)
        : new Statistics(Range.of(values), null);
  }

  /** The values of each grid, in row-major order. */
  private static float[][] split(float[] values, long[] shape, Granularity granularity) {
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new IllegalArgumentException("value " + i + " is " + values[i]);
      }
    }
    int count = granularity.count(shape);
    int run = granularity.run(shape);
    float[][] parts = new float[count][values.length / Math.max(1, count)];
    int[] filled = new int[count];
    for (int start = 0; start < values.length; start += run) {
      int grid = granularity.grid(start, shape);
      System.arraycopy(values, start, parts[grid], filled[grid], run);
      filled[grid] += run;
    }
    return parts;
  }
}
