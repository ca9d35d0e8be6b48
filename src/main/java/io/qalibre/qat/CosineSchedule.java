package io.qalibre.qat;

import ai.djl.training.tracker.Tracker;

/** A learning rate that rises along a line and then falls to zero along half a cosine. */
final class CosineSchedule implements Tracker {
  private final double highest;
  private final double warmup;
  private volatile double progress;

  /**
   * Creates a schedule.
   *
   * @param highest the learning rate between rise and fall
   * @param warmup the share of the training in which it rises, 0 to 1
   */
  CosineSchedule(double highest, double warmup) {
    this.highest = highest;
    this.warmup = Math.min(1, warmup);
  }

  /** Says how much of the training is done, 0 to 1. */
  void progress(double done) {
    progress = Math.max(0, Math.min(1, done));
  }

  /** The learning rate now. */
  double now() {
    if (progress < warmup) {
      return highest * Math.max(progress / warmup, 0.01);
    }
    double fallen = warmup == 1 ? 1 : (progress - warmup) / (1 - warmup);
    return highest * (1 + Math.cos(Math.PI * fallen)) / 2;
  }

  @Override
  public float getNewValue(int numUpdate) {
    return (float) now();
  }
}
