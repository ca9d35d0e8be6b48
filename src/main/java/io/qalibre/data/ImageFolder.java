package io.qalibre.data;

import io.qalibre.errors.QalibreException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Splits the pictures of a folder in the layout of ImageNet. */
final class ImageFolder {
  /** At 224×224 a batch's activations take some hundred MB. */
  private static final int BATCH = 50;

  private static final int TRAINING_BATCH = 32;

  /** Of what is there to train with, so much is held back to choose by, and no more than MOST. */
  private static final double VALIDATION = 0.1;

  private static final int MOST = 10_000;

  /** Without a part to train with, a third is for that, and a sixth to choose by. */
  private static final int SIXTHS = 6;

  /** Part of what "validation" means in every published result: not to be changed. */
  private static final long SPLIT_SEED = 0;

  private ImageFolder() {}

  /**
   * The splits; see {@link Datasets#imageFolder(Path, Preprocessing)}.
   *
   * @throws QalibreException if folders or pictures are missing
   */
  static ImageSplits in(Path root, Preprocessing preprocessing) {
    Path val = root.resolve("val");
    Path train = root.resolve("train");
    boolean both = Files.isDirectory(train);
    List<String> classes = FolderIndex.classes(root, val);
    FolderIndex index = FolderIndex.of(both ? List.of(train, val) : List.of(val), classes);
    FolderPictures plain = new FolderPictures(index, preprocessing, null);
    return both ? ofTwo(plain, train, val) : ofOne(plain, val);
  }

  private static ImageSplits ofTwo(FolderPictures plain, Path train, Path val) {
    int[] learn = shuffled(plain.index().below(train));
    int held = Math.min(MOST, (int) Math.ceil(VALIDATION * learn.length));
    require(learn.length > held, train, learn.length, 2);
    return splits(
        plain,
        Arrays.copyOfRange(learn, held, learn.length),
        Arrays.copyOf(learn, held),
        plain.index().below(val),
        "");
  }

  private static ImageSplits ofOne(FolderPictures plain, Path val) {
    int[] all = shuffled(plain.index().below(val));
    require(all.length >= SIXTHS, val, all.length, SIXTHS);
    int sixth = all.length / SIXTHS;
    return splits(
        plain,
        Arrays.copyOf(all, 2 * sixth),
        Arrays.copyOfRange(all, 2 * sixth, 3 * sixth),
        Arrays.copyOfRange(all, 3 * sixth, all.length),
        String.format(
            Locale.ROOT,
            "There is no folder train: all three parts are drawn from the %,d pictures of val, and"
                + " share none.",
            all.length));
  }

  private static void require(boolean enough, Path folder, int found, int expected) {
    if (!enough) {
      throw new QalibreException(
          "`%s` holds %d pictures, too few to be split; expected at least %d"
              .formatted(folder, found, expected));
    }
  }

  private static int[] shuffled(int[] pictures) {
    return Arrays.stream(Permutations.of(pictures.length, SPLIT_SEED))
        .map(i -> pictures[i])
        .toArray();
  }

  private static ImageSplits splits(
      FolderPictures plain, int[] training, int[] validation, int[] test, String origin) {
    FolderPictures varied =
        new FolderPictures(plain.index(), plain.preprocessing(), new RandomCrops(0));
    return new ImageSplits(
        new ImageDataset(varied, training, TRAINING_BATCH, 0L),
        new ImageDataset(plain, validation, BATCH, null),
        new ImageDataset(plain, test, BATCH, null),
        origin);
  }
}
