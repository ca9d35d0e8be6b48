package io.qalibre.qat;

import ai.djl.training.tracker.Tracker;

/** A learning rate that falls from its first value to zero along half a cosine. */
final class CosineSchedule implements Tracker {
  private final double first;
  private volatile double progress;

  CosineSchedule(double first) {
    this.first = first;
  }

  /** Says how much of the training is done, 0 to 1. */
  void progress(double done) {
    progress = Math.max(0, Math.min(1, done));
  }

  /** The learning rate now. */
  double now() {
    return first * (1 + Math.cos(Math.PI * progress)) / 2;
  }

  @Override
  public float getNewValue(int numUpdate) {
    return (float) now();
  }
}
