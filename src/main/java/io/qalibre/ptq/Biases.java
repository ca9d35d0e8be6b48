package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.LayerWeight;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.quant.WeightEncodings;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Where layers keep the constants that they add to each channel, and how to change them. */
final class Biases {
  private Biases() {}

  /**
   * A layer's bias.
   *
   * @param tensor the initializer; a layer without bias would get one of this name
   * @param adds the operator that reads it: the layer, or the Add behind a MatMul
   * @param missing whether it does not exist yet
   */
  record Bias(String tensor, OperatorNode adds, boolean missing) {
    /** What the operator multiplies the bias by. */
    float factor() {
      return adds.type().equals("Gemm") ? adds.attributes().number("beta", 1) : 1;
    }
  }

  /**
   * The bias of a layer.
   *
   * @param channels the number of the layer's output channels
   * @return nothing where it is not a constant of the layer's own with a value a channel, and where
   *     a MatMul has no Add behind it
   */
  static Optional<Bias> of(Graph graph, LinearLayer layer, int channels) {
    OperatorNode node = layer.node();
    if (node.type().equals("MatMul")) {
      return added(graph, node).filter(bias -> fits(graph, bias, channels));
    }
    if (!node.hasInput(2)) {
      String name = node.name() + ".bias";
      boolean taken = graph.isInitializer(name) || graph.producer(name).isPresent();
      return taken ? Optional.empty() : Optional.of(new Bias(name, node, true));
    }
    return bias(graph, node, node.input(2))
        .findFirst()
        .filter(bias -> fits(graph, bias, channels) && bias.factor() != 0);
  }

  /** The bias that an Add of its own adds to a MatMul of a float network. */
  static Optional<Bias> addedTo(Graph graph, LayerWeight weight) {
    return weight.layer().type().equals("MatMul")
        ? added(graph, weight.layer()).filter(bias -> fits(graph, bias, weight.outputs()))
        : Optional.empty();
  }

  /**
   * The operator whose output has the layer's bias in it: the layer, or the Add behind a MatMul.
   */
  static OperatorNode last(Graph graph, LinearLayer layer) {
    return layer.node().type().equals("MatMul")
        ? added(graph, layer.node()).map(Bias::adds).orElse(layer.node())
        : layer.node();
  }

  /** What the Add that alone reads a product adds, looking through quantizers. */
  private static Optional<Bias> added(Graph graph, OperatorNode node) {
    String tensor = node.output();
    while (graph.hasSingleConsumer(tensor)) {
      Node reader = graph.consumers(tensor).get(0);
      if (reader instanceof OperatorNode operator) {
        return operator.type().equals("Add")
            ? operator.inputs().stream().flatMap(t -> bias(graph, operator, t)).findFirst()
            : Optional.empty();
      }
      tensor = reader.outputs().get(0);
    }
    return Optional.empty();
  }

  private static Stream<Bias> bias(Graph graph, OperatorNode adds, String read) {
    Optional<QuantizerNode> quantizer = LinearLayer.quantizer(graph, read);
    String tensor = quantizer.map(QuantizerNode::input).orElse(read);
    boolean own =
        graph.isInitializer(tensor)
            && graph.hasSingleConsumer(tensor)
            && (quantizer.isEmpty() || graph.hasSingleConsumer(read));
    return own ? Stream.of(new Bias(tensor, adds, false)) : Stream.empty();
  }

  private static boolean fits(Graph graph, Bias bias, int channels) {
    TensorShape shape = graph.initializer(bias.tensor()).shape();
    return shape.rank() > 0 && shape.elements() == channels && shape.dim(-1).size() == channels;
  }

  /**
   * Adds to biases.
   *
   * @param changes what is added to each channel of the output of the operator that adds the bias
   * @return the same with other biases; those that are quantized have new encodings
   */
  static Simulation add(Simulation simulation, Map<Bias, double[]> changes) {
    Graph graph = simulation.graph();
    GraphBuilder builder = graph.toBuilder();
    Map<String, Tensor> values = new LinkedHashMap<>();
    Map<String, String> given = new HashMap<>();
    changes.forEach(
        (bias, change) -> {
          Tensor before =
              bias.missing()
                  ? Tensor.of(new float[change.length], change.length)
                  : graph.initializer(bias.tensor());
          Tensor after = sum(before, change, bias.factor());
          values.put(bias.tensor(), after);
          builder.initializer(bias.tensor(), after);
          if (bias.missing()) {
            given.put(bias.adds().name(), bias.tensor());
          }
        });
    builder.nodes(graph.nodes().stream().map(node -> given(node, given)).toList());
    return new Simulation(builder.build(), encodings(simulation, values));
  }

  private static Tensor sum(Tensor before, double[] change, float factor) {
    float[] values = before.floats();
    for (int c = 0; c < values.length; c++) {
      values[c] = (float) (values[c] + change[c] / factor);
    }
    return Tensor.of(values, before.sizes());
  }

  private static Node given(Node node, Map<String, String> given) {
    String bias = given.get(node.name());
    return node instanceof OperatorNode operator && bias != null
        ? operator.withInputs(List.of(operator.input(0), operator.input(1), bias))
        : node;
  }

  /** The encodings of a simulation some of whose parameters have other values, by tensor. */
  static Map<String, TensorEncoding> encodings(Simulation simulation, Map<String, Tensor> changed) {
    Map<String, TensorEncoding> encodings = new LinkedHashMap<>(simulation.encodings());
    for (QuantizerNode quantizer : simulation.graph().quantizers()) {
      Tensor value = changed.get(quantizer.input());
      if (value != null && encodings.containsKey(quantizer.id())) {
        encodings.put(
            quantizer.id(), WeightEncodings.of(value.floats(), value.sizes(), quantizer.spec()));
      }
    }
    return encodings;
  }
}
