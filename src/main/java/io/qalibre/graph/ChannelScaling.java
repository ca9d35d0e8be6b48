package io.qalibre.graph;

import io.qalibre.quant.Channels;

/** Multiplies the channels of a constant tensor, each by a factor of its own. */
public final class ChannelScaling {
  private ChannelScaling() {}

  /**
   * Multiplies.
   *
   * @param tensor a float tensor
   * @param axis the channel axis
   * @param factors as many as the size along the axis
   * @return a new tensor of the same shape
   * @throws IllegalArgumentException if the number of factors does not go with the shape
   */
  public static Tensor multiply(Tensor tensor, int axis, double[] factors) {
    long[] sizes = tensor.sizes();
    if (sizes[axis] != factors.length) {
      throw new IllegalArgumentException(
          factors.length + " factors for axis " + axis + " of " + tensor.shape());
    }
    int inner = Channels.stride(sizes, axis);
    float[] values = tensor.floats();
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * factors[(i / inner) % factors.length]);
    }
    return Tensor.of(values, sizes);
  }
}
