package io.qalibre.data;

/**
 * How a picture is made smaller or larger: by a separable filter that is widened by the ratio of
 * the sizes when a picture shrinks, so that nothing aliases, as the Python library Pillow and with
 * it torchvision do.
 */
public enum Interpolation {
  /** A triangle. */
  BILINEAR(1) {
    @Override
    double weight(double distance) {
      return Math.max(0, 1 - Math.abs(distance));
    }
  },

  /** A cubic convolution with a = −1/2; Keys, 1981. */
  BICUBIC(2) {
    @Override
    double weight(double distance) {
      double x = Math.abs(distance);
      if (x < 1) {
        return ((A + 2) * x - (A + 3)) * x * x + 1;
      }
      return x < reach() ? (((x - 5) * x + 8) * x - 4) * A : 0;
    }
  };

  private static final double A = -0.5;

  private final int reach;

  Interpolation(int reach) {
    this.reach = reach;
  }

  /** How far from its centre the filter ends, in pixels of the larger scale. */
  int reach() {
    return reach;
  }

  /** The filter at a distance from its centre. */
  abstract double weight(double distance);
}
