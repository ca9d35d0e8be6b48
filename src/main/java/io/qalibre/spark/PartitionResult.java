package io.qalibre.spark;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What comes back from a partition.
 *
 * @param counts what was done
 * @param value what was found; null where the partition had no sample
 */
record PartitionResult(Counts counts, @Nullable Object value) {
  /**
   * What was done.
   *
   * @param batches how many batches were run
   * @param samples how many samples they held
   * @param unreadable how many samples could not be read
   * @param examples what the first of these were, and why, a line each
   * @param seconds how long it took, reading included
   */
  record Counts(
      long batches, long samples, long unreadable, List<String> examples, double seconds) {
    static final Counts NONE = new Counts(0, 0, 0, List.of(), 0);

    /** How many examples are kept: enough to see what is wrong. */
    static final int EXAMPLES = 5;

    /** Copies the list. */
    Counts {
      examples = List.copyOf(examples);
    }

    Counts plus(Counts next) {
      List<String> both =
          Stream.concat(examples.stream(), next.examples.stream()).limit(EXAMPLES).toList();
      return new Counts(
          batches + next.batches,
          samples + next.samples,
          unreadable + next.unreadable,
          both,
          seconds + next.seconds);
    }
  }

  static PartitionResult read(byte[] bytes) {
    return (PartitionResult) Objects.requireNonNull(ValueReader.read(bytes));
  }
}
