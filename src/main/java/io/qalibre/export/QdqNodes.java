package io.qalibre.export;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.UniqueNames;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Collects the nodes of a QDQ graph, and the constants that they read, under names of their own.
 */
final class QdqNodes {
  private static final long CODES = 255;

  private final GraphBuilder result;
  private final UniqueNames tensors;
  private final UniqueNames names;
  private final List<Node> nodes = new ArrayList<>();

  /** Starts a graph with the inputs, outputs and initializers of another. */
  QdqNodes(Graph graph) {
    result = graph.toBuilder();
    Set<String> taken = new HashSet<>(graph.initializers().keySet());
    graph.inputs().forEach(input -> taken.add(input.name()));
    graph.nodes().forEach(node -> taken.addAll(node.outputs()));
    tensors = new UniqueNames(taken);
    names = new UniqueNames(graph.operators().stream().map(Node::name).toList());
  }

  /** The graph of what was collected. */
  Graph build() {
    return result.nodes(nodes).withoutUnusedInitializers().build();
  }

  /** A name for a tensor that no tensor has. */
  String fresh(String wanted) {
    return tensors.get(wanted);
  }

  /** Adds an operator as it is. */
  void add(OperatorNode node) {
    nodes.add(node);
  }

  /** Adds an operator and, after it, what is added to its output. */
  void addSeparately(OperatorNode node, Tensor addend) {
    String product = fresh(node.output() + "_product");
    String constant = constantOf(node.output() + "_bias", addend);
    add(node.withOutputs(List.of(product)));
    add("Add", List.of(product, constant), node.output(), Granularity.NO_AXIS);
  }

  /** Adds a constant, or another value of one. */
  void constant(String name, Tensor value) {
    result.initializer(name, value);
  }

  /**
   * Quantizes and dequantizes an activation.
   *
   * @param tensor the name that codes and constants are named after
   */
  void roundTrip(String tensor, String input, TensorEncoding encoding, String output) {
    String scale = constantOf(tensor + "_scale", IntegerTensor.scales(encoding));
    String zero =
        constantOf(tensor + "_zero_point", IntegerTensor.zeroPoints(encoding, DataType.UINT8));
    String codes = fresh(tensor + "_q");
    String within = encoding.first().steps() < CODES ? clip(tensor, input, encoding) : input;
    add("QuantizeLinear", List.of(within, scale, zero), codes, encoding.axis());
    add("DequantizeLinear", List.of(codes, scale, zero), output, encoding.axis());
  }

  /** Dequantizes a constant that is stored as codes. */
  void dequantize(String tensor, IntegerTensor value, int axis, String output) {
    String codes = constantOf(tensor + "_q", value.codes());
    String scale = constantOf(tensor + "_scale", value.scale());
    String zero = constantOf(tensor + "_zero_point", value.zeroPoint());
    add("DequantizeLinear", List.of(codes, scale, zero), output, axis);
  }

  /** A strictly symmetric grid leaves a code unused that QuantizeLinear would give out. */
  private String clip(String tensor, String input, TensorEncoding encoding) {
    Encoding grid = encoding.first();
    String low = constantOf(tensor + "_min", Tensor.scalar(grid.dequantize(0)));
    String high = constantOf(tensor + "_max", Tensor.scalar(grid.dequantize(grid.steps())));
    String clipped = fresh(tensor + "_clipped");
    add("Clip", List.of(input, low, high), clipped, Granularity.NO_AXIS);
    return clipped;
  }

  private String constantOf(String wanted, Tensor value) {
    String name = fresh(wanted);
    constant(name, value);
    return name;
  }

  private void add(String type, List<String> inputs, String output, int axis) {
    Attributes attributes =
        axis == Granularity.NO_AXIS ? Attributes.NONE : Attributes.NONE.with("axis", (long) axis);
    add(
        new OperatorNode(
            names.get(output + "_" + type), type, inputs, List.of(output), attributes));
  }
}
