package io.qalibre.quant;

import java.util.List;

/** Rounds a whole tensor to its grids. */
public final class FakeQuantizer {
  private FakeQuantizer() {}

  /**
   * The values of the grids nearest to a tensor's, in float32, rounded half to even.
   *
   * @param values the tensor in row-major order
   * @param shape its sizes
   * @param encoding its grids; with an axis, as many as the size along it
   * @return a new array
   * @throws IllegalArgumentException if the number of grids does not go with the shape
   */
  public static float[] apply(float[] values, long[] shape, TensorEncoding encoding) {
    List<Encoding> channels = encoding.channels();
    int count = channels.size();
    if (encoding.perChannel() && shape[encoding.axis()] != count) {
      throw new IllegalArgumentException(
          count + " encodings for " + shape[encoding.axis()] + " channels");
    }
    int inner =
        encoding.perChannel()
            ? Channels.stride(shape, encoding.axis())
            : Math.max(1, values.length);
    float[] result = new float[values.length];
    for (int start = 0; start < values.length; start += inner) {
      Encoding channel = channels.get((start / inner) % count);
      float scale = (float) channel.scale();
      float lowest = channel.offset();
      float highest = channel.offset() + channel.steps();
      for (int i = start; i < start + inner; i++) {
        float code = (float) Math.rint(values[i] / scale);
        result[i] = Math.max(lowest, Math.min(highest, code)) * scale;
      }
    }
    return result;
  }
}
