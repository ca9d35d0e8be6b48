package io.qalibre.spark;

import io.qalibre.engine.HeapDataset;
import io.qalibre.progress.Progress;
import io.qalibre.spark.PartitionResult.Counts;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.broadcast.Broadcast;

/**
 * What a worker runs for each partition.
 *
 * @param shipment the work
 * @param strict whether samples that cannot be read are an error
 */
record PartitionTask(Broadcast<Shipment> shipment, boolean strict)
    implements Function2<Integer, Iterator<SampleBatch>, Iterator<byte[]>> {
  @Override
  public Iterator<byte[]> call(Integer partition, Iterator<SampleBatch> batches) {
    long began = System.nanoTime();
    WorkerEngine.require();
    PartitionFeed feed = new PartitionFeed(batches, strict);
    PartitionWork work = shipment.value().work();
    Object found =
        feed.hasNext()
            ? Progress.silently(() -> work.run(new HeapDataset(() -> feed), partition))
            : null;
    Counts time = new Counts(0, 0, 0, List.of(), (System.nanoTime() - began) / 1e9);
    return List.of(ValueWriter.write(new PartitionResult(feed.counts().plus(time), found)))
        .iterator();
  }
}
