package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import io.qalibre.engine.Transfer;
import io.qalibre.graph.Tensor;
import java.util.List;

/**
 * The gates of a recurrent layer, which DJL's engine and ONNX keep in different orders.
 *
 * @param type the ONNX operator
 * @param order for each gate in ONNX's order its place in the engine's
 * @param states how many states it carries from step to step
 */
record Gates(String type, List<Integer> order, int states) {
  static final Gates RNN = new Gates("RNN", List.of(0), 1);

  /** From r, z, n to z, r, h. */
  static final Gates GRU = new Gates("GRU", List.of(1, 0, 2), 1);

  /** From i, f, g, o to i, o, f, c. */
  static final Gates LSTM = new Gates("LSTM", List.of(0, 3, 1, 2), 2);

  /**
   * Weights in ONNX's order.
   *
   * @param parts weights of all gates, one below the other, or their biases
   * @param directions the size of the new first axis
   */
  Tensor gathered(List<NDArray> parts, int directions) {
    int size = parts.stream().mapToInt(part -> Math.toIntExact(part.size())).sum();
    float[] values = new float[size];
    int at = 0;
    for (NDArray part : parts) {
      float[] from = Transfer.toTensor(part).floats();
      int gate = from.length / order.size();
      for (int place : order) {
        System.arraycopy(from, place * gate, values, at, gate);
        at += gate;
      }
    }
    long[] sizes = parts.get(0).getShape().getShape();
    return sizes.length == 1
        ? Tensor.of(values, directions, size / directions)
        : Tensor.of(values, directions, sizes[0], sizes[1]);
  }
}
