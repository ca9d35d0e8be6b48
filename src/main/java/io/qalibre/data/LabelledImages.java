package io.qalibre.data;

import io.qalibre.errors.QalibreException;
import java.util.List;

/**
 * Square grey pictures with a class each, as bytes; every dataset made of them shares the same
 * arrays.
 *
 * @param pixels 0 (black) to 255, picture by picture, row by row; not to be written to
 * @param labels the class of each picture; not to be written to
 * @param side the height and width of a picture, in pixels
 * @param classes the classes' names
 * @param scaling from a pixel to the number a network sees
 */
@SuppressWarnings("ArrayRecordComponent") // Identity is all the equality that is wanted here.
record LabelledImages(
    byte[] pixels, byte[] labels, int side, List<String> classes, Scaling scaling) {
  LabelledImages {
    classes = List.copyOf(classes);
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classes.size()) {
        throw new QalibreException(
            "picture %d has label %d, expected 0 to %d"
                .formatted(i, labels[i] & 0xff, classes.size() - 1));
      }
    }
  }

  /** Where a picture's pixels start. */
  int offset(int picture) {
    return picture * side * side;
  }

  /**
   * Maps a pixel to {@code (pixel / 255 − mean) / deviation}.
   *
   * @param mean the mean of the training pictures, black 0 and white 1
   * @param deviation their standard deviation on that scale; positive
   */
  record Scaling(float mean, float deviation) {
    /** The number for each of the 256 pixel values. */
    float[] table() {
      float[] table = new float[256];
      for (int pixel = 0; pixel < table.length; pixel++) {
        table[pixel] = (pixel / 255f - mean) / deviation;
      }
      return table;
    }
  }
}
