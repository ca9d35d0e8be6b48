package io.qalibre.data;

import io.qalibre.errors.QalibreException;

/** The datasets that come with the project. */
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
}
