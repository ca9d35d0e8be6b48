package io.qalibre.data;

import io.qalibre.errors.QalibreException;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * How a picture is laid out for a network: padded with black to {@code size}×{@code size}, scaled,
 * and repeated for each channel.
 *
 * @param channels the number of equal channels; at least 1
 * @param size the height and width, in pixels
 */
record ImageFormat(int channels, int size) {
  /** Beyond any picture classifier's input; keeps a channel's element count within an int. */
  private static final int LARGEST = 4096;

  /** Checks the format against the pictures it is meant for. */
  static ImageFormat of(int channels, int size, int side) {
    if (channels < 1) {
      throw new QalibreException(
          "as(channels, size): expected 1 channel or more, found " + channels);
    }
    if (size < side || size > LARGEST) {
      throw new QalibreException(
          "as(channels, size): pictures of %d×%d pixels can be padded to sizes from %d to %d, found %d"
              .formatted(side, side, side, LARGEST, size));
    }
    return new ImageFormat(channels, size);
  }

  /** The number of floats of one picture. */
  long elements() {
    return (long) channels * size * size;
  }

  /**
   * Writes pictures one after the other; an odd rest of padding goes below and to the right.
   *
   * @param images where the pictures are
   * @param pictures which of them
   * @param out receives {@link #elements()} floats a picture, at its position
   */
  void write(LabelledImages images, int[] pictures, FloatBuffer out) {
    float[] table = images.scaling().table();
    byte[] pixels = images.pixels();
    int side = images.side();
    int margin = (size - side) / 2;
    float[] plane = new float[size * size];
    Arrays.fill(plane, table[0]);
    for (int picture : pictures) {
      int from = images.offset(picture);
      for (int row = 0; row < side; row++) {
        int to = (row + margin) * size + margin;
        for (int end = to + side; to < end; to++) {
          plane[to] = table[pixels[from++] & 0xff];
        }
      }
      for (int channel = 0; channel < channels; channel++) {
        out.put(plane);
      }
    }
  }

  @Override
  public String toString() {
    return channels + "×" + size + "×" + size;
  }
}
