package io.qalibre;

import ai.djl.training.dataset.Dataset;
import io.qalibre.data.ImageDataset;
import java.util.function.IntFunction;

/** The dataset of each pass of a training. */
final class Passes {
  private Passes() {}

  /**
   * The project's own datasets in an order and in variants that depend on seed and pass alone, so
   * that a training can be resumed; any other dataset as it comes.
   */
  static IntFunction<Dataset> of(Dataset samples, long seed) {
    return samples instanceof ImageDataset images
        ? pass -> images.forPass(seed, pass)
        : pass -> samples;
  }
}
