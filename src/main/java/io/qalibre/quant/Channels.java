package io.qalibre.quant;

import java.util.Arrays;

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

  /** The number of channels on an axis. */
  static int size(long[] shape, int axis) {
    if (axis >= shape.length) {
      throw new IllegalArgumentException("no axis " + axis + " in " + Arrays.toString(shape));
    }
    return Math.toIntExact(shape[axis]);
  }

  static int elements(long[] shape) {
    return Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
  }

  static void requireAxis(int axis) {
    if (axis < 0) {
      throw new IllegalArgumentException("an axis is 0 to rank − 1, found " + axis);
    }
  }
}
