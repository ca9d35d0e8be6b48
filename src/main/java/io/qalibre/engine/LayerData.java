package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a layer reads in the network quantized so far, and what it should give: what it gives in the
 * float network, after its activation function. Where not all samples fit into memory they make
 * several pools, each a cross-section of them.
 */
final class LayerData implements AutoCloseable {
  private final ActivationFeed feed;
  private final LayerProgram program;
  private final Graph graph;
  private final OperatorNode layer;
  private final NDManager manager;
  private final List<NDArray> inputs = new ArrayList<>();
  private final List<NDArray> targets = new ArrayList<>();
  private @Nullable LayerForm form;
  private @Nullable LayerActivation activation;
  private int pools;

  private LayerData(
      ActivationFeed feed, LayerProgram program, Graph graph, OperatorNode layer, int pools) {
    this.feed = feed;
    this.program = program;
    this.graph = graph;
    this.layer = layer;
    this.pools = pools;
    this.manager = Programs.newManager();
  }

  /**
   * Loads a pool.
   *
   * @param source where the data comes from
   * @param pool its number, from 0
   * @param pools how many there are, or 0 to find out with the first
   * @param memory the bytes that a pool may take
   * @throws UnknownFormException if the layer has a form that the program does not know
   */
  static LayerData load(Source source, int pool, int pools, long memory) {
    LayerData data = new LayerData(source.feed, source.program, source.graph, source.layer, pools);
    try {
      data.load(pool, memory);
      return data;
    } catch (RuntimeException e) {
      data.close();
      throw e;
    }
  }

  /** Where a layer's data comes from. */
  record Source(ActivationFeed feed, LayerProgram program, Graph graph, OperatorNode layer) {}

  private void load(int pool, long memory) {
    feed.forEach(
        i -> pools == 0 ? i == 0 : i % pools == pool,
        (floats, quantized) -> add(floats.get(layer.input(0)), quantized.get(layer.input(0))));
    if (pools == 0) {
      long bytes = 4 * feed.batches() * (inputs.get(0).size() + targets.get(0).size());
      pools = (int) Math.min(feed.batches(), 1 + (bytes - 1) / memory);
      if (feed.batches() > 1) {
        feed.forEach(
            i -> i > 0 && i % pools == pool,
            (floats, quantized) -> add(floats.get(layer.input(0)), quantized.get(layer.input(0))));
      }
    }
    join(inputs);
    join(targets);
  }

  private void add(@Nullable NDArray floats, @Nullable NDArray quantized) {
    if (floats == null || quantized == null) {
      throw new UnknownFormException("its input is a constant");
    }
    if (form == null) {
      long[] sizes = floats.getShape().getShape();
      form = LayerForm.of(graph, layer, sizes);
      activation = LayerActivation.after(graph, layer, sizes.length);
    }
    inputs.add(program.arrange(manager, quantized, form));
    try (NDManager scope = manager.newSubManager()) {
      NDArray x = program.arrange(scope, floats, form);
      targets.add(program.answer(manager, x, constants(scope, graph::initializer), call(0)));
    }
  }

  private void join(List<NDArray> parts) {
    NDArray all = NDArrays.concat(new NDList(parts));
    all.attach(manager);
    parts.forEach(NDArray::close);
    parts.clear();
    parts.add(all);
  }

  LayerForm form() {
    return Objects.requireNonNull(form);
  }

  /** The numbers of the program's calls. */
  LayerProgram.LayerCall call(double penalty) {
    LayerActivation function = Objects.requireNonNull(activation);
    return new LayerProgram.LayerCall(
        form().numbers(function.code()), new double[] {function.low(), function.high(), penalty});
  }

  /** How many pools there are. */
  int pools() {
    return pools;
  }

  /** The layer's inputs, a sample a row. */
  NDArray inputs() {
    return inputs.get(0);
  }

  /** The wanted outputs, a sample a row. */
  NDArray targets() {
    return targets.get(0);
  }

  int samples() {
    return Math.toIntExact(inputs().getShape().get(0));
  }

  /** The outputs of a sample that are compared with a channel's target: N·H·W of the loss, H·W. */
  double positions() {
    return (double) targets().size() / samples() / form().channels();
  }

  /** Weight, bias and slope in the layer's form. */
  List<NDArray> constants(NDManager into, Values values) {
    return List.of(
        weight(into, values.get(layer.input(1)).floats()), bias(into, values), slope(into));
  }

  /** The value of an initializer. */
  @FunctionalInterface
  interface Values {
    Tensor get(String initializer);
  }

  /** Numbers in the weight's order as the program takes them. */
  NDArray array(NDManager into, float[] values) {
    long[] sizes = form().weightSizes(graph.initializer(layer.input(1)).sizes());
    return Transfer.toArray(into, Tensor.of(values, sizes));
  }

  /** A weight as the program takes it, with Gemm's factor. */
  NDArray weight(NDManager into, float[] values) {
    return array(into, scaled(values, form().scales().product()));
  }

  /** The bias, zeros where there is none. */
  NDArray bias(NDManager into, Values values) {
    float[] bias = new float[Math.toIntExact(form().channels())];
    if (layer.hasInput(2)) {
      if (!graph.isInitializer(layer.input(2))) {
        throw new UnknownFormException("its bias is computed");
      }
      float[] given = values.get(layer.input(2)).floats();
      if (given.length != 1 && given.length != bias.length) {
        throw new UnknownFormException("its third input is no bias");
      }
      for (int i = 0; i < bias.length; i++) {
        bias[i] = given[i % given.length] * form().scales().bias();
      }
    }
    return Transfer.toArray(into, Tensor.of(bias, bias.length));
  }

  /** The activation function's slopes. */
  NDArray slope(NDManager into) {
    float[] slope = Objects.requireNonNull(activation).slope();
    return Transfer.toArray(into, Tensor.of(slope, form().channelSizes(slope.length)));
  }

  static float[] scaled(float[] values, float factor) {
    float[] result = Arrays.copyOf(values, values.length);
    for (int i = 0; i < result.length; i++) {
      result[i] *= factor;
    }
    return result;
  }

  @Override
  public void close() {
    manager.close();
  }
}
