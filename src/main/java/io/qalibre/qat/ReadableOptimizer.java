package io.qalibre.qat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.qalibre.engine.RangeNames;
import io.qalibre.engine.Transfer;
import io.qalibre.graph.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An optimizer whose state can be read and set, so that a training can be resumed; DJL's own keep
 * theirs to themselves, in memory that only the garbage collector frees.
 */
final class ReadableOptimizer extends Optimizer {
  private static final float MOMENTUM = 0.9f;
  private static final float BETA1 = 0.9f;
  private static final float BETA2 = 0.999f;
  private static final float EPSILON = 1e-8f;

  private final Training.Method method;
  private final float weightDecay;
  private final float rangeRate;
  private final Tracker learningRate;
  private final Map<String, String> names;
  private final NDManager manager;
  private final Map<String, NDArray> state = new LinkedHashMap<>();
  private int updates;

  /**
   * Creates an optimizer.
   *
   * @param recipe the method, the weight decay, and how much faster ranges learn
   * @param learningRate the learning rate of each step
   * @param names the name of each parameter by DJL's id, which differs in each process
   * @param manager where the state lives
   */
  ReadableOptimizer(
      Recipe recipe, Tracker learningRate, Map<String, String> names, NDManager manager) {
    super(new NoBuilder());
    this.method = recipe.method();
    this.weightDecay = (float) recipe.weightDecay();
    this.rangeRate = (float) recipe.ranges().rateFactor();
    this.learningRate = learningRate;
    this.names = Map.copyOf(names);
    this.manager = manager;
  }

  /** Says that the updates that follow belong to the next step. */
  void nextStep() {
    updates++;
  }

  /** The number of steps so far. */
  int updates() {
    return updates;
  }

  /** The state as it is now. */
  Map<String, Tensor> state() {
    Map<String, Tensor> copy = new LinkedHashMap<>();
    state.forEach((name, array) -> copy.put(name, Transfer.toTensor(array)));
    return copy;
  }

  /** Sets the state to what it was. */
  void restore(int steps, Map<String, Tensor> saved) {
    updates = steps;
    saved.forEach((name, tensor) -> state.put(name, Transfer.toArray(manager, tensor)));
  }

  @Override
  public void update(String parameterId, NDArray weight, NDArray gradient) {
    String name = names.getOrDefault(parameterId, parameterId);
    float rate = learningRate.getNewValue(updates) * (RangeNames.isRange(name) ? rangeRate : 1);
    // Decay is for matrices and kernels: biases, normalizations and ranges have no size to keep
    // small.
    float decay = weight.getShape().dimension() > 1 ? weightDecay : 0;
    NDList changed = new NDList(weight);
    if (method == Training.Method.SGD) {
      NDList inputs = new NDList(weight, gradient, state("momentum/" + name, weight));
      weight.getNDArrayInternal().sgdUpdate(inputs, changed, rate, decay, 1f, -1f, MOMENTUM, true);
      return;
    }
    double correction =
        rate * Math.sqrt(1 - Math.pow(BETA2, updates)) / (1 - Math.pow(BETA1, updates));
    NDList inputs =
        new NDList(
            weight, gradient, state("mean/" + name, weight), state("variance/" + name, weight));
    weight
        .getNDArrayInternal()
        .adamUpdate(
            inputs,
            changed,
            rate,
            (float) correction,
            decay,
            1f,
            -1f,
            BETA1,
            BETA2,
            EPSILON,
            true,
            false);
  }

  private NDArray state(String name, NDArray weight) {
    return state.computeIfAbsent(name, k -> manager.zeros(weight.getShape(), weight.getDataType()));
  }

  /** DJL's constructor wants a builder; nothing in it is used. */
  private static final class NoBuilder extends OptimizerBuilder<NoBuilder> {
    @Override
    protected NoBuilder self() {
      return this;
    }
  }
}
