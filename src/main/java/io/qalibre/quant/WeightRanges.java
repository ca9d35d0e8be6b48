package io.qalibre.quant;

import java.util.ArrayList;
import java.util.List;

/** The ranges of a constant tensor, whole or channel by channel. */
public final class WeightRanges {
  private WeightRanges() {}

  /**
   * The ranges along an axis.
   *
   * @param values the tensor in row-major order, at least one value
   * @param shape its sizes
   * @param axis the channel axis, or {@link QuantizerSpec#PER_TENSOR} for one range of all values
   * @return one range a channel
   * @throws IllegalArgumentException if a value is NaN or infinite
   */
  public static List<Range> of(float[] values, long[] shape, int axis) {
    int channels = axis == QuantizerSpec.PER_TENSOR ? 1 : Math.toIntExact(shape[axis]);
    int inner = axis == QuantizerSpec.PER_TENSOR ? 1 : Channels.stride(shape, axis);
    float[] min = new float[channels];
    float[] max = new float[channels];
    java.util.Arrays.fill(min, Float.POSITIVE_INFINITY);
    java.util.Arrays.fill(max, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < values.length; i++) {
      int channel = (i / inner) % channels;
      if (!Float.isFinite(values[i])) {
        throw new IllegalArgumentException("value " + i + " is " + values[i]);
      }
      min[channel] = Math.min(min[channel], values[i]);
      max[channel] = Math.max(max[channel], values[i]);
    }
    List<Range> ranges = new ArrayList<>(channels);
    for (int c = 0; c < channels; c++) {
      ranges.add(new Range(min[c], max[c]));
    }
    return ranges;
  }
}
