package io.qalibre.data;

import io.qalibre.errors.QalibreException;
import java.nio.file.Path;

/** The datasets that come with the project, and those of folders. */
public final class Datasets {
  private Datasets() {}

  /**
   * Fashion-MNIST: 70,000 grey pictures of clothes in ten classes, N×1×28×28, scaled by {@code
   * (pixel / 255 − 0.2860) / 0.3530}. The 60,000 pictures to train with are split into 55,000 for
   * training and 5,000 for validation, always the same; the 10,000 to test with are the test part.
   * Use {@code .as(3, 32)} for networks that take N×3×32×32.
   *
   * <p>The files are read once a process, from {@code data/fashion-mnist} as {@link
   * ProjectFiles#find} finds it.
   *
   * @throws QalibreException if the files are missing or damaged
   */
  public static ImageSplits fashionMnist() {
    return FashionMnist.in(ProjectFiles.find("data/fashion-mnist"));
  }

  /** Pictures of a folder, as torchvision's networks take them; see the other method. */
  public static ImageSplits imageFolder(Path folder) {
    return imageFolder(folder, Preprocessing.TORCHVISION);
  }

  /**
   * Pictures in the layout of ImageNet: {@code val/<class>/*.JPEG} and, if it is there, {@code
   * train/<class>/*.JPEG}. They are read when a batch is made, on all cores.
   *
   * <p>A label is the place of the class in the file {@code synsets.txt} or {@code
   * LOC_synset_mapping.txt} of the folder, a line a class that begins with the name of its folder;
   * without such a file, the place among the folders of {@code val} in sorted order.
   *
   * <p>With {@code train}, {@code val} is the test part, and a tenth of {@code train}, at most
   * 10,000 pictures, is held back for validation. Without it, the pictures of {@code val} are
   * divided: a third for training, a sixth for validation, half to test. Both are drawn at random
   * and always the same. Pictures of the training part are varied ({@code unaugmented()} gives them
   * as they are): a random part of 8 to 100 % of the area, half of them mirrored. Batches hold 32
   * pictures in the training part and 50 in the others.
   *
   * @param folder the folder; a relative path is looked for as {@link ProjectFiles#find} does
   * @param preprocessing what the network sees of a picture
   * @throws QalibreException if the folder or {@code val} is missing, a class folder is empty or is
   *     not listed, or there are too few pictures to be split. A file that cannot be read is an
   *     error, which names it, in the pass that comes to it; {@link ImageSplits#readable} leaves
   *     such files out instead
   */
  public static ImageSplits imageFolder(Path folder, Preprocessing preprocessing) {
    return ImageFolder.in(ProjectFiles.find(folder.toString()), preprocessing);
  }
}
