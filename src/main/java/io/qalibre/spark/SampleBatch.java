package io.qalibre.spark;

import io.qalibre.engine.HeapBatch;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A batch of samples in a partition, as it lies there. */
interface SampleBatch {
  /**
   * The batch as a network takes it.
   *
   * @throws io.qalibre.errors.QalibreException if it cannot be made
   */
  Loaded load();

  /**
   * A batch that was read.
   *
   * @param batch what could be read; null where nothing could
   * @param unreadable what could not be read, and why, a line each
   */
  record Loaded(@Nullable HeapBatch batch, List<String> unreadable) {
    /** Copies the list. */
    public Loaded {
      unreadable = List.copyOf(unreadable);
    }
  }
}
