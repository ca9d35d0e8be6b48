package io.qalibre.data;

import io.qalibre.errors.QalibreException;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * How a picture is laid out for a network: padded with black to {@code size}×{@code size},
 * augmented, scaled, and repeated for each channel.
 *
 * @param channels the number of equal channels; at least 1
 * @param size the height and width, in pixels
 * @param augmentation what is varied; its pad is {@code size} at most
 */
record ImageFormat(int channels, int size, Augmentation augmentation) {
  /** Beyond any picture classifier's input; keeps a channel's element count within an int. */
  private static final int LARGEST = 4096;

  /** Checks the pad, which {@link #sized} and {@link #augmented} can both make too large. */
  ImageFormat {
    if (augmentation.pad() < 0 || augmentation.pad() > size) {
      throw new QalibreException(
          "augmented(pad, flip, seed): pictures of %d×%d pixels can be padded by 0 to %d pixels on each side, found %d"
              .formatted(size, size, size, augmentation.pad()));
    }
  }

  /** The pictures' own layout. */
  static ImageFormat of(int side) {
    return new ImageFormat(1, side, Augmentation.NONE);
  }

  /** Another size, after a check against the pictures it is meant for; the same augmentation. */
  ImageFormat sized(int channels, int size, int side) {
    if (channels < 1) {
      throw new QalibreException(
          "as(channels, size): expected 1 channel or more, found " + channels);
    }
    if (size < side || size > LARGEST) {
      throw new QalibreException(
          "as(channels, size): pictures of %d×%d pixels can be padded to sizes from %d to %d, found %d"
              .formatted(side, side, side, LARGEST, size));
    }
    return new ImageFormat(channels, size, augmentation);
  }

  /** Another augmentation; the same size. */
  ImageFormat augmented(Augmentation other) {
    return new ImageFormat(channels, size, other);
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
    float[] plane = new float[size * size];
    for (int picture : pictures) {
      Arrays.fill(plane, table[0]);
      place(images, picture, table, plane);
      for (int channel = 0; channel < channels; channel++) {
        out.put(plane);
      }
    }
  }

  /** Writes what the crop shows of a picture, each pixel once; the rest of the plane stays. */
  private void place(LabelledImages images, int picture, float[] table, float[] plane) {
    byte[] pixels = images.pixels();
    int side = images.side();
    int margin = (size - side) / 2;
    Augmentation.Crop crop = augmentation.crop(picture);
    int top = margin - crop.top();
    int left = crop.mirrored() ? size - side - margin + crop.left() : margin - crop.left();
    int firstRow = Math.max(0, top);
    int endRow = Math.min(size, top + side);
    int firstColumn = Math.max(0, left);
    int endColumn = Math.min(size, left + side);
    for (int row = firstRow; row < endRow; row++) {
      int start = images.offset(picture) + (row - top) * side;
      int to = row * size;
      if (crop.mirrored()) {
        int last = start + side - 1 + left;
        for (int column = firstColumn; column < endColumn; column++) {
          plane[to + column] = table[pixels[last - column] & 0xff];
        }
      } else {
        int first = start - left;
        for (int column = firstColumn; column < endColumn; column++) {
          plane[to + column] = table[pixels[first + column] & 0xff];
        }
      }
    }
  }

  @Override
  public String toString() {
    return channels + "×" + size + "×" + size;
  }
}
