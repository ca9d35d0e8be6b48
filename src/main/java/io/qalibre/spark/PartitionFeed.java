package io.qalibre.spark;

import io.qalibre.engine.HeapBatch;
import io.qalibre.errors.QalibreException;
import io.qalibre.spark.PartitionResult.Counts;
import io.qalibre.spark.SampleBatch.Loaded;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The batches of a partition that can be read, one after the other, and how many there were. */
final class PartitionFeed implements Iterator<HeapBatch> {
  private final Iterator<SampleBatch> source;
  private final boolean strict;
  private Counts counts = Counts.NONE;
  private @Nullable HeapBatch next;

  /**
   * Begins.
   *
   * @param source the partition
   * @param strict whether what cannot be read is an error
   */
  PartitionFeed(Iterator<SampleBatch> source, boolean strict) {
    this.source = source;
    this.strict = strict;
  }

  @Override
  public boolean hasNext() {
    while (next == null && source.hasNext()) {
      Loaded loaded = source.next().load();
      List<String> unreadable = loaded.unreadable();
      if (strict && !unreadable.isEmpty()) {
        throw new QalibreException(
            "strict: %s; without strict() it is counted and left out".formatted(unreadable.get(0)));
      }
      next = loaded.batch();
      long samples = next == null ? 0 : next.samples();
      counts =
          counts.plus(
              new Counts(
                  samples == 0 ? 0 : 1,
                  samples,
                  unreadable.size(),
                  unreadable.stream().limit(Counts.EXAMPLES).toList(),
                  0));
    }
    return next != null;
  }

  @Override
  public HeapBatch next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the partition is over");
    }
    HeapBatch batch = Objects.requireNonNull(next);
    next = null;
    return batch;
  }

  /** What was read so far. */
  Counts counts() {
    return counts;
  }
}
