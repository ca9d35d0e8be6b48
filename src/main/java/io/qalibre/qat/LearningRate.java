package io.qalibre.qat;

import ai.djl.training.tracker.Tracker;

/** The learning rate as a training goes on. */
final class LearningRate implements Tracker {
  private final Schedule schedule;
  private final int epochs;
  private volatile double done;

  /** Begins at the first of so many epochs. */
  LearningRate(Schedule schedule, int epochs) {
    this.schedule = schedule;
    this.epochs = epochs;
  }

  /** Says how many epochs are done, with fractions. */
  void progress(double epochsDone) {
    done = Math.max(0, Math.min(epochs, epochsDone));
  }

  /** The share of the training that is done, 0 to 1. */
  double share() {
    return done / epochs;
  }

  /** The learning rate now. */
  double now() {
    return schedule.rate(done, epochs);
  }

  @Override
  public float getNewValue(int numUpdate) {
    return (float) now();
  }
}
