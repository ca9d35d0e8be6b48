package io.qalibre.graph;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The bias of a layer, which may have none yet. */
public final class LayerBias {
  private final OperatorNode layer;
  private final String tensor;
  private final float[] values;

  private LayerBias(OperatorNode layer, String tensor, float[] values) {
    this.layer = layer;
    this.tensor = tensor;
    this.values = values;
  }

  /**
   * A layer's bias, zeros where it has none; empty where something else reads it, it is computed,
   * or it is not one vector for all samples.
   *
   * @param weight the layer's weight
   */
  public static Optional<LayerBias> of(Graph graph, LayerWeight weight) {
    OperatorNode layer = weight.layer();
    float[] values = new float[weight.outputs()];
    if (!layer.hasInput(2)) {
      return Optional.of(new LayerBias(layer, freeName(graph, layer.name() + ".bias"), values));
    }
    if (!graph.isInitializer(layer.input(2)) || !graph.hasSingleConsumer(layer.input(2))) {
      return Optional.empty();
    }
    Tensor bias = graph.initializer(layer.input(2));
    if (bias.size() != 1 && bias.sizes()[bias.rank() - 1] != bias.size()) {
      return Optional.empty();
    }
    // A Gemm multiplies its bias by an attribute, which moves into the bias here.
    float times = layer.attributes().number("beta", 1);
    float[] before = bias.floats();
    for (int c = 0; c < values.length; c++) {
      values[c] = times * before[before.length == 1 ? 0 : c];
    }
    return Optional.of(new LayerBias(layer, layer.input(2), values));
  }

  private static String freeName(Graph graph, String wanted) {
    boolean taken =
        graph.isInitializer(wanted)
            || graph.producer(wanted).isPresent()
            || graph.inputs().stream().anyMatch(i -> i.name().equals(wanted));
    return taken ? freeName(graph, wanted + "_folded") : wanted;
  }

  /** The bias's name: the one it has, or the one it will have. */
  public String tensor() {
    return tensor;
  }

  /** A value for each output channel, which a Gemm's factor {@code beta} is part of. */
  public float[] values() {
    return values.clone();
  }

  /** The same with other values, as many. */
  public LayerBias withValues(float[] changed) {
    return new LayerBias(layer, tensor, changed.clone());
  }

  /** The values as a tensor. */
  public Tensor value() {
    return Tensor.of(values, values.length);
  }

  /** The layer reading this bias; a MatMul becomes the Gemm that it is without one. */
  public OperatorNode node() {
    List<String> inputs =
        Stream.concat(layer.inputs().stream().limit(2), Stream.of(tensor)).toList();
    if (layer.type().equals("MatMul")) {
      return new OperatorNode(layer.name(), "Gemm", inputs, layer.outputs(), Attributes.NONE);
    }
    OperatorNode changed = layer.withInputs(inputs);
    return layer.attributes().number("beta", 1) == 1
        ? changed
        : changed.withAttributes(layer.attributes().with("beta", 1f));
  }
}
