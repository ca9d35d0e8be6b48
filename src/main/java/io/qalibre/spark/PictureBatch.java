package io.qalibre.spark;

import io.qalibre.data.Preprocessing;
import io.qalibre.engine.HeapBatch;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Pictures that are decoded when their turn has come.
 *
 * @param pictures one or more
 * @param preprocessing what a network sees of them
 */
record PictureBatch(List<RowPicture> pictures, Preprocessing preprocessing) implements SampleBatch {
  /** Copies the list. */
  PictureBatch {
    pictures = List.copyOf(pictures);
  }

  @Override
  public Loaded load() {
    List<float[]> read = new ArrayList<>();
    List<Long> labels = new ArrayList<>();
    List<String> unreadable = new ArrayList<>();
    for (RowPicture picture : pictures) {
      try {
        read.add(picture.tensor(preprocessing).floats());
        Long label = picture.label();
        if (label != null) {
          labels.add(label);
        }
      } catch (QalibreException e) {
        unreadable.add(String.valueOf(e.getMessage()));
      }
    }
    return new Loaded(read.isEmpty() ? null : batch(read, labels), unreadable);
  }

  private HeapBatch batch(List<float[]> read, List<Long> labels) {
    int n = read.size();
    int size = preprocessing.crop();
    int each = read.get(0).length;
    float[] values = new float[n * each];
    for (int i = 0; i < n; i++) {
      System.arraycopy(read.get(i), 0, values, i * each, each);
    }
    List<Tensor> targets =
        labels.size() < n
            ? List.of()
            : List.of(Tensor.of(labels.stream().mapToLong(Long::longValue).toArray(), n));
    long channels = each / ((long) size * size);
    return new HeapBatch(List.of(Tensor.of(values, n, channels, size, size)), List.of(""), targets);
  }
}
