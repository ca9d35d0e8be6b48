package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Some samples of a batch, or all.
 *
 * @param infos the network's inputs
 * @param batch the batch's arrays, in their order
 * @param labels the labels of these samples
 * @param from the first sample
 * @param to behind the last one
 */
record BatchSlice(List<ValueInfo> infos, NDList batch, List<Tensor> labels, long from, long to) {

  /** The slices of a batch; one that does not have its samples along the first axis stays whole. */
  static List<BatchSlice> of(Graph graph, NDList batch, NDList labels, long most) {
    long size = batch.head().getShape().get(0);
    boolean divides =
        graph.inputs().stream().noneMatch(input -> input.shape().dim(0).known())
            && batch.stream().allMatch(array -> has(array, size))
            && labels.stream().allMatch(array -> has(array, size));
    long step = divides ? Math.max(1, Math.min(most, size)) : size;
    List<BatchSlice> slices = new ArrayList<>();
    for (long at = 0; at < size; at += step) {
      long from = at;
      long to = Math.min(size, at + step);
      List<Tensor> own = labels.stream().map(array -> tensor(array, from, to)).toList();
      slices.add(new BatchSlice(graph.inputs(), batch, own, from, to));
    }
    return slices;
  }

  private static boolean has(NDArray array, long samples) {
    return array.getShape().dimension() > 0 && array.getShape().get(0) == samples;
  }

  long samples() {
    return to - from;
  }

  /** A manager for what is made of these samples. */
  NDManager newManager() {
    return batch.head().getManager().newSubManager();
  }

  /** The network's inputs for these samples, by name. */
  Map<String, NDArray> inputs(NDManager scope) {
    Map<String, NDArray> inputs = new LinkedHashMap<>();
    for (int i = 0; i < infos.size(); i++) {
      NDArray whole = batch.get(i);
      NDArray part = part(whole, from, to);
      if (part != whole) {
        part.attach(scope);
      }
      inputs.put(infos.get(i).name(), part);
    }
    return inputs;
  }

  private static Tensor tensor(NDArray array, long from, long to) {
    try (NDManager scope = array.getManager().newSubManager()) {
      NDArray part = part(array, from, to);
      if (part != array) {
        part.attach(scope);
      }
      return Transfer.toTensor(part);
    }
  }

  private static NDArray part(NDArray array, long from, long to) {
    boolean whole = array.getShape().dimension() == 0 || from == 0 && to == array.getShape().get(0);
    return whole ? array : array.get(new NDIndex("{}:{}", from, to));
  }
}
