package io.qalibre.data;

import io.qalibre.errors.QalibreException;
import java.util.Arrays;
import java.util.List;

/**
 * Pictures in three parts that share none: what a network learns from, what choices are made on,
 * and what results are reported on.
 *
 * @param training to train with; shuffled
 * @param validation to choose learning rates, schemes and checkpoints on
 * @param test to report results on, and for nothing else
 * @param origin how the parts came about, where that has to be said; may be empty
 */
public record ImageSplits(
    ImageDataset training, ImageDataset validation, ImageDataset test, String origin) {
  private static final long CALIBRATION_SEED = 1;

  /** Three parts about which there is nothing more to say. */
  public ImageSplits(ImageDataset training, ImageDataset validation, ImageDataset test) {
    this(training, validation, test, "");
  }

  /**
   * Samples to compute encodings from, drawn at random from the training part and always the same:
   * those of a smaller n are the first of a larger n.
   *
   * @param n how many, 1 to the size of the training part
   * @return the samples in a fixed order, not varied, in batches as large as those of the test part
   * @throws QalibreException if there are not as many
   */
  public ImageDataset calibration(int n) {
    return calibration(n, CALIBRATION_SEED);
  }

  /**
   * Other samples of the kind of {@link #calibration(int)}, to see how much depends on the choice.
   *
   * @param n how many, 1 to the size of the training part
   * @param seed decides which
   * @throws QalibreException if there are not as many
   */
  public ImageDataset calibration(int n, long seed) {
    int available = Math.toIntExact(training.size());
    if (n < 1 || n > available) {
      throw new QalibreException(
          "calibration(n): expected 1 to " + available + " samples, found " + n);
    }
    int[] drawn = Arrays.copyOf(Permutations.of(available, seed), n);
    return training.select(drawn).unaugmented().ordered().batch(test.batchSize());
  }

  /** The classes' names; a label is a position in this list. */
  public List<String> classes() {
    return training.classes();
  }

  /**
   * The same splits laid out for another network; see {@link ImageDataset#as}.
   *
   * @param channels the number of channels, at least 1
   * @param size height and width, from the pictures' own (28 for Fashion-MNIST) to 4096
   * @throws QalibreException if a number is out of range
   */
  public ImageSplits as(int channels, int size) {
    return new ImageSplits(
        training.as(channels, size),
        validation.as(channels, size),
        test.as(channels, size),
        origin);
  }

  /**
   * The same splits without the pictures that cannot be read; see {@link ImageDataset#readable}.
   */
  public ImageSplits readable() {
    return new ImageSplits(training.readable(), validation.readable(), test.readable(), origin);
  }

  /** A line for each part. */
  @Override
  public String toString() {
    return "training: %s\nvalidation: %s\ntest: %s%s"
        .formatted(training, validation, test, origin.isEmpty() ? "" : "\n" + origin);
  }
}
