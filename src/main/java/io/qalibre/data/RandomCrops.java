package io.qalibre.data;

/**
 * How pictures of a folder are varied for training: a part of random size and shape is cut out at a
 * random place and brought to the size that the network sees, and half of them are mirrored, as
 * networks for ImageNet are commonly trained. What happens to a picture depends on the seed and its
 * place among the pictures only.
 *
 * <p>Source: Szegedy et al., Going Deeper with Convolutions, 2014 (arXiv 1409.4842): 8 % to 100 %
 * of the area, sides in a ratio of 3:4 to 4:3.
 *
 * @param seed decides all
 */
record RandomCrops(long seed) {
  private static final double LEAST_AREA = 0.08;
  private static final double WIDEST = 4.0 / 3;
  private static final int TRIES = 10;

  /**
   * A part of a picture.
   *
   * @param top its first row
   * @param left its first column
   * @param height its rows
   * @param width its columns
   * @param mirrored whether it is then mirrored left-right
   */
  record Part(int top, int left, int height, int width, boolean mirrored) {}

  /**
   * The part of a picture.
   *
   * @param picture its place among the pictures of its source
   * @param height the picture's rows
   * @param width its columns
   */
  Part part(int picture, int height, int width) {
    Draws draws = new Draws(Augmentation.mixed(seed) + picture);
    boolean mirrored = draws.next() < 0.5;
    for (int i = 0; i < TRIES; i++) {
      double area = height * (double) width * (LEAST_AREA + (1 - LEAST_AREA) * draws.next());
      double ratio = Math.exp((2 * draws.next() - 1) * Math.log(WIDEST));
      int columns = (int) Math.round(Math.sqrt(area * ratio));
      int rows = (int) Math.round(Math.sqrt(area / ratio));
      if (columns > 0 && columns <= width && rows > 0 && rows <= height) {
        int top = (int) (draws.next() * (height - rows + 1));
        int left = (int) (draws.next() * (width - columns + 1));
        return new Part(top, left, rows, columns, mirrored);
      }
    }
    // A very long or very high picture: as much of its middle as the widest ratio takes.
    int rows = Math.min(height, (int) Math.round(width * WIDEST));
    int columns = Math.min(width, (int) Math.round(height * WIDEST));
    return new Part((height - rows) / 2, (width - columns) / 2, rows, columns, mirrored);
  }

  /** Random numbers from 0 to below 1. */
  private static final class Draws {
    private long state;

    Draws(long state) {
      this.state = state;
    }

    double next() {
      state = Augmentation.mixed(state);
      return (state >>> 11) * 0x1p-53;
    }
  }
}
