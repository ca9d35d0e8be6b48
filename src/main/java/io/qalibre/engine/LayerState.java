package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;

/** What the optimization of a layer changes and reads, in native memory. */
final class LayerState {
  private static final int FACTOR = 2;
  private static final int ARGUMENTS = 3;
  private static final int BIAS = 6;
  private static final int SLOPE = 7;

  private final NDManager manager;
  private final float[] step;
  private final List<NDArray> list = new ArrayList<>();

  LayerState(NDManager manager, LayerData data, SoftRounding start, LayerData.Values quantized) {
    this.manager = manager;
    this.step = LayerData.scaled(start.step(), data.form().scales().product());
    float[] zeros = new float[step.length];
    list.add(data.weight(manager, start.base()));
    list.add(data.array(manager, step));
    list.add(data.array(manager, zeros));
    list.add(data.array(manager, start.alpha()));
    list.add(data.array(manager, zeros));
    list.add(data.array(manager, zeros));
    list.add(data.bias(manager, quantized));
    list.add(data.slope(manager));
  }

  /** Sets the factor from a weight's gradient to that of the sigmoid, for batches of a size. */
  void scale(LayerData data, int batch) {
    double mean = 2 * SoftRounding.STRETCH / (batch * data.positions());
    list.get(FACTOR).close();
    list.set(FACTOR, data.array(manager, LayerData.scaled(step, (float) mean)));
  }

  /** The list {@code p} of the program. */
  List<NDArray> list() {
    return list;
  }

  NDArray bias() {
    return list.get(BIAS);
  }

  NDArray slope() {
    return list.get(SLOPE);
  }

  /** The sigmoid's arguments as they are now, in the weight's order. */
  float[] arguments() {
    return list.get(ARGUMENTS).toFloatArray();
  }
}
