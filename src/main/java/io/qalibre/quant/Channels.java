package io.qalibre.quant;

/** Where the channels of a tensor lie in its row-major elements. */
public final class Channels {
  private Channels() {}

  /**
   * The number of neighbouring elements that belong to one channel: element i is of channel (i /
   * stride) mod channels.
   *
   * @param shape the tensor's sizes
   * @param axis the channel axis, 0 to rank − 1
   * @return at least 1
   */
  public static int stride(long[] shape, int axis) {
    long stride = 1;
    for (int i = axis + 1; i < shape.length; i++) {
      stride *= shape[i];
    }
    return Math.toIntExact(Math.max(1, stride));
  }
}
