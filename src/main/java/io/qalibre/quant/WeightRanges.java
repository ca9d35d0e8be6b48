package io.qalibre.quant;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The ranges of a constant tensor, whole or channel by channel. */
public final class WeightRanges {
  private WeightRanges() {}

  /**
   * The ranges along an axis.
   *
   * @param values the tensor in row-major order, at least one value
   * @param shape its sizes
   * @param axis the channel axis, or {@link Granularity#NO_AXIS} for one range of all values
   * @return one range a channel
   * @throws IllegalArgumentException if a value is NaN or infinite
   */
  public static List<Range> of(float[] values, long[] shape, int axis) {
    Granularity granularity = Granularity.ofAxis(axis);
    float[] min = new float[granularity.count(shape)];
    float[] max = min.clone();
    Arrays.fill(min, Float.POSITIVE_INFINITY);
    Arrays.fill(max, Float.NEGATIVE_INFINITY);
    int run = granularity.run(shape);
    for (int start = 0; start < values.length; start += run) {
      int channel = granularity.grid(start, shape);
      for (int i = start; i < start + run; i++) {
        if (!Float.isFinite(values[i])) {
          throw new IllegalArgumentException("value " + i + " is " + values[i]);
        }
        min[channel] = Math.min(min[channel], values[i]);
        max[channel] = Math.max(max[channel], values[i]);
      }
    }
    List<Range> ranges = new ArrayList<>(min.length);
    for (int c = 0; c < min.length; c++) {
      ranges.add(new Range(min[c], max[c]));
    }
    return ranges;
  }
}
