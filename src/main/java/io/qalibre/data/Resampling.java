package io.qalibre.data;

import java.util.Arrays;

/**
 * Brings one channel of a picture to another size as Pillow does: first along rows, then along
 * columns, rounded to 8 bits after each.
 *
 * <p>Java's own {@code RenderingHints.VALUE_INTERPOLATION_BICUBIC} and DJL's {@code Resize} look at
 * the nearest pixels whatever the ratio, which is another picture. Pillow sums in fixed point; this
 * sums in float64, so that a value may differ by one where a sum is all but half-way.
 *
 * @param filter the filter
 */
record Resampling(Interpolation filter) {
  /**
   * A channel in another size.
   *
   * @param pixels bytes, row by row
   */
  byte[] resize(byte[] pixels, int height, int width, int newHeight, int newWidth) {
    byte[] narrow = transposed(along(pixels, height, width, newWidth), height, newWidth);
    return transposed(along(narrow, newWidth, height, newHeight), newWidth, newHeight);
  }

  private byte[] along(byte[] pixels, int rows, int from, int to) {
    if (from == to) {
      return pixels;
    }
    byte[] result = new byte[rows * to];
    double ratio = (double) from / to;
    double stretch = Math.max(1, ratio);
    double reach = filter.reach() * stretch;
    for (int i = 0; i < to; i++) {
      double center = (i + 0.5) * ratio;
      int first = Math.max(0, (int) (center - reach + 0.5));
      int end = Math.min(from, (int) (center + reach + 0.5));
      double[] weights = new double[end - first];
      Arrays.setAll(weights, k -> filter.weight((first + k - center + 0.5) / stretch));
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
