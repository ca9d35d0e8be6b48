package io.qalibre.testing;

import java.util.Arrays;

/**
 * Makes pictures smaller or larger as the Python library Pillow does with its filter {@code
 * BICUBIC}, with which ImageNet pictures are commonly prepared: a separable cubic convolution (Keys
 * 1981, a = −1/2) that is widened by the ratio of the sizes when a picture shrinks, so that nothing
 * aliases; first along rows, then along columns, rounded to 8 bits after each.
 *
 * <p>Java's own {@code RenderingHints.VALUE_INTERPOLATION_BICUBIC} and DJL's {@code Resize} look at
 * 4×4 pixels whatever the ratio, which is another picture. Pillow sums in fixed point; this sums in
 * float64, so that a value may differ by one where a sum is all but half-way.
 */
final class PillowBicubic {
  private static final double A = -0.5;
  private static final int REACH = 2;

  private PillowBicubic() {}

  /**
   * A picture in another size.
   *
   * @param pixels bytes of one channel, row by row
   */
  static byte[] resize(byte[] pixels, int height, int width, int newHeight, int newWidth) {
    byte[] narrow = transposed(along(pixels, height, width, newWidth), height, newWidth);
    return transposed(along(narrow, newWidth, height, newHeight), newWidth, newHeight);
  }

  private static byte[] along(byte[] pixels, int rows, int from, int to) {
    byte[] result = new byte[rows * to];
    double ratio = (double) from / to;
    double stretch = Math.max(1, ratio);
    for (int i = 0; i < to; i++) {
      double center = (i + 0.5) * ratio;
      int first = Math.max(0, (int) (center - REACH * stretch + 0.5));
      int end = Math.min(from, (int) (center + REACH * stretch + 0.5));
      double[] weights = new double[end - first];
      Arrays.setAll(weights, k -> weight((first + k - center + 0.5) / stretch));
      double total = Arrays.stream(weights).sum();
      for (int row = 0; row < rows; row++) {
        double sum = 0;
        for (int k = 0; k < weights.length; k++) {
          sum += weights[k] * (pixels[row * from + first + k] & 0xff);
        }
        result[row * to + i] = (byte) Math.max(0, Math.min(255, Math.floor(sum / total + 0.5)));
      }
    }
    return result;
  }

  private static double weight(double distance) {
    double x = Math.abs(distance);
    if (x < 1) {
      return ((A + 2) * x - (A + 3)) * x * x + 1;
    }
    return x < REACH ? (((x - 5) * x + 8) * x - 4) * A : 0;
  }

  private static byte[] transposed(byte[] pixels, int rows, int columns) {
    byte[] result = new byte[pixels.length];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        result[column * rows + row] = pixels[row * columns + column];
      }
    }
    return result;
  }
}
