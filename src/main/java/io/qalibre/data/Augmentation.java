package io.qalibre.data;

/**
 * How pictures are varied for training: padded with black on each side, cropped back to their size
 * at a random position, and perhaps mirrored. What happens to a picture depends on the seed and on
 * its place among the pictures of its source, and on nothing else.
 *
 * @param pad the pixels added on each side; 0 or more
 * @param flip whether half of the pictures are mirrored left-right
 * @param seed decides positions and mirrorings
 */
record Augmentation(int pad, boolean flip, long seed) {
  /** Leaves pictures as they are. */
  static final Augmentation NONE = new Augmentation(0, false, 0);

  /**
   * What happens to a picture.
   *
   * @param picture its place among the pictures of its source
   */
  Crop crop(int picture) {
    // Hashed twice, so that neighbouring seeds and neighbouring pictures have nothing in common.
    long bits = mixed(mixed(seed) + picture);
    long positions = 2L * pad + 1;
    int top = (int) (((bits >>> 40) * positions) >>> 24);
    int left = (int) ((((bits >>> 16) & 0xffffff) * positions) >>> 24);
    return new Crop(top - pad, left - pad, flip && (bits & 1) == 1);
  }

  /** Whether no picture is changed. */
  boolean isNone() {
    return pad == 0 && !flip;
  }

  /**
   * A step of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
   * 2014). Not {@link java.util.SplittableRandom}, whose numbers may change with the JDK: results
   * name seeds.
   */
  static long mixed(long state) {
    long z = state + 0x9e3779b97f4a7c15L;
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }

  /**
   * What is cut out of a picture, before it is mirrored.
   *
   * @param top the first row, −pad to pad; what lies outside the picture is black
   * @param left the first column, −pad to pad
   * @param mirrored whether it is then mirrored left-right
   */
  record Crop(int top, int left, boolean mirrored) {}
}
