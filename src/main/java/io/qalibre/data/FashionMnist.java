package io.qalibre.data;

import io.qalibre.errors.QalibreException;
import java.lang.ref.SoftReference;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads the files of Fashion-MNIST, once a process, and splits the pictures. */
final class FashionMnist {
  static final int TRAIN = 60_000;
  static final int TEST = 10_000;
  static final int VALIDATION = 5_000;
  private static final int TRAINING_BATCH = 64;
  private static final int BATCH = 250;
  private static final int SIDE = 28;

  /** Part of what "validation" means in every published result: not to be changed. */
  private static final long SPLIT_SEED = 0;

  /** The mean and standard deviation of the 60,000 training pictures. */
  private static final LabelledImages.Scaling SCALING =
      new LabelledImages.Scaling(0.2860f, 0.3530f);

  private static final List<String> CLASSES =
      List.of(
          "T-shirt/top",
          "Trouser",
          "Pullover",
          "Dress",
          "Coat",
          "Sandal",
          "Shirt",
          "Sneaker",
          "Bag",
          "Ankle boot");

  private static final Map<Path, SoftReference<LabelledImages>> READ = new HashMap<>();

  private FashionMnist() {}

  /**
   * The splits of the pictures in a folder.
   *
   * @param folder holds the four files
   * @throws QalibreException if a file is missing or damaged
   */
  static ImageSplits in(Path folder) {
    LabelledImages images = images(folder);
    int[] order = Permutations.of(TRAIN, SPLIT_SEED);
    int[] training = Arrays.copyOf(order, TRAIN - VALIDATION);
    int[] validation = Arrays.copyOfRange(order, TRAIN - VALIDATION, TRAIN);
    // In file order, so that a pass reads memory from front to back.
    Arrays.sort(training);
    Arrays.sort(validation);
    int[] all = new int[TEST];
    Arrays.setAll(all, i -> TRAIN + i);
    Pictures pictures = new GreyPictures(images, ImageFormat.of(SIDE));
    return new ImageSplits(
        new ImageDataset(pictures, training, TRAINING_BATCH, 0L),
        new ImageDataset(pictures, validation, BATCH, null),
        new ImageDataset(pictures, all, BATCH, null));
  }

  private static LabelledImages images(Path folder) {
    synchronized (READ) {
      SoftReference<LabelledImages> kept = READ.get(folder);
      LabelledImages images = kept == null ? null : kept.get();
      if (images == null) {
        images = read(folder);
        READ.put(folder, new SoftReference<>(images));
      }
      return images;
    }
  }

  private static LabelledImages read(Path folder) {
    byte[] pixels =
        joined(
            Idx.read(folder.resolve("train-images-idx3-ubyte.gz"), TRAIN, SIDE, SIDE),
            Idx.read(folder.resolve("t10k-images-idx3-ubyte.gz"), TEST, SIDE, SIDE));
    byte[] labels =
        joined(
            Idx.read(folder.resolve("train-labels-idx1-ubyte.gz"), TRAIN),
            Idx.read(folder.resolve("t10k-labels-idx1-ubyte.gz"), TEST));
    return new LabelledImages(pixels, labels, SIDE, CLASSES, SCALING);
  }

  private static byte[] joined(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}
