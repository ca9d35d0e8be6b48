package io.qalibre.spark;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.apache.spark.api.java.JavaRDD;

/**
 * A cluster's batches on their way to this machine, in their order and a few at a time: a whole
 * partition of pictures may be more than the driver takes.
 */
final class FetchedBatches implements Iterator<SampleBatch> {
  private final JavaRDD<SampleBatch> batches;
  private final int atOnce;
  private Iterator<byte[]> fetched = Collections.emptyIterator();
  private int partition;
  private int taken;

  /**
   * Begins.
   *
   * @param batches the cluster's
   * @param atOnce how many are fetched by a job, at least 1
   */
  FetchedBatches(JavaRDD<SampleBatch> batches, int atOnce) {
    this.batches = batches;
    this.atOnce = atOnce;
  }

  @Override
  public boolean hasNext() {
    try {
      while (!fetched.hasNext() && partition < batches.getNumPartitions()) {
        fetch();
      }
    } catch (Exception e) { // Scala throws what Java would have to declare.
      throw Cluster.failure("reading samples", e);
    }
    return fetched.hasNext();
  }

  @Override
  public SampleBatch next() {
    byte[] packed = fetched.next();
    return () -> (SampleBatch.Loaded) Objects.requireNonNull(ValueReader.read(packed));
  }

  private void fetch() {
    int from = taken;
    int most = atOnce;
    List<byte[]> found =
        batches.mapPartitions(all -> loaded(all, from, most))
            .collectPartitions(new int[] {partition})[0];
    fetched = found.iterator();
    taken += found.size();
    if (found.size() < most) {
      partition++;
      taken = 0;
    }
  }

  /** A job reads its partition from the beginning; what is not wanted is not decoded. */
  private static Iterator<byte[]> loaded(Iterator<SampleBatch> all, int from, int most) {
    for (int i = 0; i < from && all.hasNext(); i++) {
      all.next();
    }
    List<byte[]> packed = new ArrayList<>();
    while (packed.size() < most && all.hasNext()) {
      packed.add(ValueWriter.write(all.next().load()));
    }
    return packed.iterator();
  }
}
