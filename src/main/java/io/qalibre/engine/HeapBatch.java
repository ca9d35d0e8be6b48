package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import ai.djl.translate.Batchifier;
import io.qalibre.graph.Tensor;
import java.util.List;

/**
 * A dataset's batch on the Java heap.
 *
 * @param inputs the inputs, each with the samples along its first dimension
 * @param names the inputs' names; empty texts where the dataset gives none
 * @param labels the labels; none where the dataset has none
 */
public record HeapBatch(List<Tensor> inputs, List<String> names, List<Tensor> labels) {
  /** Copies the lists. */
  public HeapBatch {
    inputs = List.copyOf(inputs);
    names = List.copyOf(names);
    labels = List.copyOf(labels);
  }

  /** Copies a batch, which stays open. */
  static HeapBatch of(Batch batch) {
    return new HeapBatch(
        batch.getData().stream().map(Transfer::toTensor).toList(),
        batch.getData().stream().map(HeapBatch::name).toList(),
        batch.getLabels().stream().map(Transfer::toTensor).toList());
  }

  private static String name(NDArray array) {
    String name = array.getName();
    return name == null ? "" : name;
  }

  /** The number of samples. */
  public long samples() {
    return inputs.get(0).sizes()[0];
  }

  /**
   * The first samples.
   *
   * @param n how many, at least 1; all where there are not as many
   */
  public HeapBatch first(long n) {
    return n >= samples()
        ? this
        : new HeapBatch(
            inputs.stream().map(tensor -> first(tensor, n)).toList(),
            names,
            labels.stream().map(tensor -> first(tensor, n)).toList());
  }

  private static Tensor first(Tensor tensor, long n) {
    long[] sizes = tensor.sizes();
    int bytes = Math.toIntExact(tensor.bytes().remaining() / sizes[0] * n);
    sizes[0] = n;
    return Tensor.of(tensor.type(), tensor.bytes().limit(bytes), sizes);
  }

  /** The same as the engine's arrays, in a manager of their own below the one given. */
  Batch open(NDManager parent) {
    NDManager own = parent.newSubManager();
    NDList data = new NDList();
    for (int i = 0; i < inputs.size(); i++) {
      NDArray array = Transfer.toArray(own, inputs.get(i));
      if (!names.get(i).isEmpty()) {
        array.setName(names.get(i));
      }
      data.add(array);
    }
    NDList targets = new NDList();
    labels.forEach(label -> targets.add(Transfer.toArray(own, label)));
    return new Batch(own, data, targets, (int) samples(), Batchifier.STACK, Batchifier.STACK, 0, 0);
  }
}
