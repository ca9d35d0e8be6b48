package io.qalibre.spark;

import io.qalibre.engine.HeapBatch;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * A batch of a dataset of the driver's, as numbers. It is broadcast: a worker's process gets it
 * when a task first needs it and has it for later passes; where its memory runs short, Spark keeps
 * it on disk.
 *
 * @param packed the batch, as bytes
 */
record NumberBatch(Broadcast<byte[]> packed) implements SampleBatch, Serializable {
  /** Hands a batch to the cluster, which has it until nobody refers to the result. */
  static NumberBatch of(JavaSparkContext spark, HeapBatch batch) {
    return new NumberBatch(spark.broadcast(ValueWriter.write(batch)));
  }

  @Override
  public Loaded load() {
    HeapBatch batch = (HeapBatch) Objects.requireNonNull(ValueReader.read(packed.value()));
    return new Loaded(batch, List.of());
  }
}
