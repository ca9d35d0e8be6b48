package io.qalibre.spark;

import java.util.Arrays;
import org.apache.spark.Partitioner;

/** Divides rows by their names: a partition begins at the first name of a batch. */
final class KeyRanges extends Partitioner {
  private static final long serialVersionUID = 1L;

  private final String[] first;

  /**
   * Partitions.
   *
   * @param first the first name of each partition, rising
   */
  KeyRanges(String[] first) {
    this.first = first.clone();
  }

  @Override
  public int numPartitions() {
    return first.length;
  }

  @Override
  public int getPartition(Object key) {
    int at = Arrays.binarySearch(first, key);
    return at >= 0 ? at : Math.max(0, -at - 2);
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof KeyRanges other && Arrays.equals(first, other.first);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(first);
  }
}
