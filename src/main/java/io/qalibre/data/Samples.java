package io.qalibre.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.util.Progress;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The user's own samples, from plain Java tensors, wherever a dataset is taken: for networks with
 * several inputs, or data that comes from elsewhere. They carry no labels.
 *
 * <p>A batch holds one array an input, named as the input is, and an empty list of labels.
 */
public final class Samples implements Dataset {
  private final List<Map<String, Tensor>> batches;
  private final long size;

  private Samples(List<Map<String, Tensor>> batches) {
    this.batches = batches;
    this.size = batches.stream().mapToLong(Samples::samples).sum();
  }

  /**
   * A dataset of batches.
   *
   * @param batches each a batch: for each input of the network its name and a tensor, whose first
   *     dimension is the number of samples of the batch. Arrays come in the order of the first
   *     map's names. The list and its maps are copied
   * @throws QalibreException if there is no batch, a batch is empty, batches have different inputs,
   *     or the inputs of a batch different numbers of samples
   */
  public static Samples of(List<Map<String, Tensor>> batches) {
    if (batches.isEmpty()) {
      throw new QalibreException("Samples.of(batches): expected a batch or more, found none");
    }
    Map<String, Tensor> first = batches.get(0);
    if (first.isEmpty()) {
      throw new QalibreException("Samples.of(batches): batch 0 has no inputs");
    }
    for (int i = 0; i < batches.size(); i++) {
      check(i, batches.get(i), first);
    }
    return new Samples(batches.stream().map(batch -> ordered(batch, first)).toList());
  }

  /** The number of samples in all batches. */
  public long size() {
    return size;
  }

  /** The batches, in order; each keeps the order of its inputs and cannot be changed. */
  public List<Map<String, Tensor>> batches() {
    return batches;
  }

  /** A pass through the batches. An interrupt ends it before the next one. */
  @Override
  public Iterable<Batch> getData(NDManager manager) {
    return () -> {
      Staging staging = new Staging();
      long[] position = {0};
      return new BatchIterator<>(
          manager,
          batches.iterator(),
          (own, batch) -> {
            long from = position[0];
            position[0] += samples(batch);
            return load(staging, own, batch, from);
          },
          size);
    };
  }

  /** Nothing to prepare: the samples are in memory. */
  @Override
  public void prepare(@Nullable Progress progress) {}

  /** Such as {@code 64 samples in 2 batches, inputs [input]}. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%,d samples in %,d batches, inputs %s",
        size,
        batches.size(),
        batches.get(0).keySet());
  }

  private static BatchIterator.Content load(
      Staging staging, NDManager manager, Map<String, Tensor> batch, long from) {
    NDList data = new NDList();
    batch.forEach(
        (name, tensor) -> {
          NDArray array =
              staging.array(
                  manager,
                  new Shape(tensor.sizes()),
                  type(tensor),
                  buffer -> buffer.put(tensor.bytes()));
          array.setName(name);
          data.add(array);
        });
    int size = (int) samples(batch);
    List<Long> indices = LongStream.range(from, from + size).boxed().toList();
    return new BatchIterator.Content(data, new NDList(), size, indices);
  }

  private static void check(int i, Map<String, Tensor> batch, Map<String, Tensor> first) {
    if (!batch.keySet().equals(first.keySet())) {
      throw new QalibreException(
          "Samples.of(batches): batch %d has inputs %s, expected those of batch 0: %s"
              .formatted(i, batch.keySet(), first.keySet()));
    }
    long expected = -1;
    for (Map.Entry<String, Tensor> input : batch.entrySet()) {
      long[] sizes = input.getValue().sizes();
      if (sizes.length == 0 || sizes[0] < 1 || (expected >= 0 && sizes[0] != expected)) {
        throw new QalibreException(
            "Samples.of(batches): batch %d, input `%s`: expected a first dimension of %s, found shape %s"
                .formatted(
                    i,
                    input.getKey(),
                    expected < 0 ? "1 sample or more" : expected + " as the other inputs have",
                    Arrays.toString(sizes)));
      }
      expected = sizes[0];
    }
  }

  private static Map<String, Tensor> ordered(Map<String, Tensor> batch, Map<String, Tensor> first) {
    Map<String, Tensor> ordered = new LinkedHashMap<>(first);
    ordered.putAll(batch);
    return Collections.unmodifiableMap(ordered);
  }

  private static long samples(Map<String, Tensor> batch) {
    return batch.values().iterator().next().sizes()[0];
  }

  private static DataType type(Tensor tensor) {
    return switch (tensor.type()) {
      case FLOAT -> DataType.FLOAT32;
      case FLOAT16 -> DataType.FLOAT16;
      case UINT8, UINT4 -> DataType.UINT8;
      case INT8, INT4 -> DataType.INT8;
      case INT32 -> DataType.INT32;
      case INT64, UINT32, UINT64 -> DataType.INT64;
      case INT16, UINT16 -> DataType.INT32;
      case BOOL -> DataType.BOOLEAN;
    };
  }
}
