package io.qalibre.spark;

import io.qalibre.data.Preprocessing;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.apache.spark.api.java.function.FlatMapFunction;
import scala.Tuple2;

/**
 * Cuts a partition's pictures, which are in order, into batches.
 *
 * @param preprocessing what a network sees of them, packed
 * @param batchSize the number of pictures in a batch
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by nobody.
record BatchCut(byte[] preprocessing, int batchSize)
    implements FlatMapFunction<Iterator<Tuple2<String, byte[]>>, SampleBatch> {
  @Override
  public Iterator<SampleBatch> call(Iterator<Tuple2<String, byte[]>> pictures) {
    Preprocessing seen = (Preprocessing) Objects.requireNonNull(ValueReader.read(preprocessing));
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return pictures.hasNext();
      }

      @Override
      public SampleBatch next() {
        List<RowPicture> batch = new ArrayList<>();
        while (batch.size() < batchSize && pictures.hasNext()) {
          batch.add((RowPicture) Objects.requireNonNull(ValueReader.read(pictures.next()._2())));
        }
        return new PictureBatch(batch, seen);
      }
    };
  }
}
