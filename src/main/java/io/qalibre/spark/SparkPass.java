package io.qalibre.spark;

import io.qalibre.view.Numbers;
import java.util.List;

/**
 * What a pass of a cluster over samples did.
 *
 * @param title what was done
 * @param tasks in how many tasks
 * @param batches how many batches were run
 * @param samples how many samples they held
 * @param unreadable how many samples could not be read and were left out
 * @param examples what the first of these were, and why
 * @param cost what it took
 */
public record SparkPass(
    String title,
    int tasks,
    long batches,
    long samples,
    long unreadable,
    List<String> examples,
    Cost cost) {
  /** Copies the list. */
  public SparkPass {
    examples = List.copyOf(examples);
  }

  /**
   * What a pass took.
   *
   * @param seconds from its begin to the last result, unpacked
   * @param taskSeconds the times of all tasks, added
   * @param sent bytes that each worker's process got: networks, encodings, bins
   * @param received bytes that all tasks gave back
   */
  public record Cost(double seconds, double taskSeconds, long sent, long received) {}

  /** Such as {@code calibrate: 1,000 samples in 20 batches and 4 tasks, 1 unreadable}. */
  @Override
  public String toString() {
    return "%s: %s samples in %s batches and %d tasks%s"
        .formatted(
            title,
            Numbers.count(samples),
            Numbers.count(batches),
            tasks,
            unreadable == 0 ? "" : ", %s unreadable".formatted(Numbers.count(unreadable)));
  }
}
