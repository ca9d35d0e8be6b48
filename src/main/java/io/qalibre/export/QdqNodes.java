package io.qalibre.export;

import io.qalibre.errors.QalibreException;
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
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Collects the nodes of a QDQ graph, and the constants that they read, under names of their own.
 */
final class QdqNodes {
  private final GraphBuilder result;
  private final UniqueNames tensors;
  private final UniqueNames names;
  private final List<Node> nodes = new ArrayList<>();
  private final QdqForm form;

  /** Starts a graph with the inputs, outputs and initializers of another. */
  QdqNodes(Graph graph, QdqForm form) {
    this.form = form;
    result = graph.toBuilder();
    tensors = UniqueNames.ofTensors(graph);
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
    add("Add", List.of(product, constant), node.output(), Attributes.NONE);
  }

  /** Adds a constant, or another value of one. */
  void constant(String name, Tensor value) {
    result.initializer(name, value);
  }

  /**
   * Quantizes and dequantizes an activation.
   *
   * @param tensor the name that codes and constants are named after
   * @param encoding one grid, or one a channel with all codes of its type
   */
  void roundTrip(String tensor, String input, TensorEncoding encoding, String output) {
    CodeType type = form.computed(encoding.bitwidth());
    List<Encoding> grids = encoding.grids();
    boolean whole = grids.stream().allMatch(grid -> grid.steps() == type.steps());
    if (!whole && grids.size() > 1) {
      throw new QalibreException(
          "`%s`: a computed tensor with a grid for each channel needs grids of all %d codes, found %d bits"
              .formatted(tensor, type.steps() + 1, encoding.bitwidth()));
    }
    ScaleLayout layout = ScaleLayout.of(encoding.granularity(), channels(encoding));
    String scale = constantOf(tensor + "_scale", layout.scales(grids));
    String zero = constantOf(tensor + "_zero_point", layout.zeroPoints(grids, type));
    String codes = fresh(tensor + "_q");
    String within = whole ? input : clip(tensor, input, encoding);
    Attributes attributes = axis(encoding.axis());
    add("QuantizeLinear", List.of(within, scale, zero), codes, attributes);
    add("DequantizeLinear", List.of(codes, scale, zero), output, attributes);
  }

  /** Rounds an activation to half-precision floats. */
  void halfTrip(String tensor, String input, String output) {
    String half = fresh(tensor + "_f16");
    cast(input, half, DataType.FLOAT16);
    cast(half, output, DataType.FLOAT);
  }

  /** Widens a constant that is stored in half-precision floats, perhaps in another's place. */
  void widen(String tensor, Tensor halves, String output) {
    result.withoutInitializers(Set.of(output));
    cast(constantOf(tensor + "_f16", halves), output, DataType.FLOAT);
  }

  /** Dequantizes a constant that is stored as codes. */
  void dequantize(String tensor, IntegerTensor value, Granularity granularity, String output) {
    String codes = constantOf(tensor + "_q", value.codes());
    String scale = constantOf(tensor + "_scale", value.scale());
    String zero = constantOf(tensor + "_zero_point", value.zeroPoint());
    Attributes attributes =
        granularity instanceof Granularity.PerBlock blocks
            ? axis(blocks.blockAxis()).with("block_size", (long) blocks.blockSize())
            : axis(granularity.axis());
    add("DequantizeLinear", List.of(codes, scale, zero), output, attributes);
  }

  /** A grid of fewer codes than its type's: QuantizeLinear would give out the others as well. */
  private String clip(String tensor, String input, TensorEncoding encoding) {
    Encoding grid = encoding.first();
    String low = constantOf(tensor + "_min", Tensor.scalar(grid.dequantize(0)));
    String high = constantOf(tensor + "_max", Tensor.scalar(grid.dequantize(grid.steps())));
    String clipped = fresh(tensor + "_clipped");
    add("Clip", List.of(input, low, high), clipped, Attributes.NONE);
    return clipped;
  }

  private String constantOf(String wanted, Tensor value) {
    String name = fresh(wanted);
    constant(name, value);
    return name;
  }

  private void cast(String input, String output, DataType type) {
    add("Cast", List.of(input), output, Attributes.NONE.with("to", (long) type.onnx()));
  }

  private static Attributes axis(int axis) {
    return axis == Granularity.NO_AXIS
        ? Attributes.NONE
        : Attributes.NONE.with("axis", (long) axis);
  }

  /** Sizes that have as many channels as there are grids. */
  private static long[] channels(TensorEncoding encoding) {
    long[] sizes = new long[encoding.axis() + 1];
    Arrays.fill(sizes, encoding.grids().size());
    return sizes;
  }

  private void add(String type, List<String> inputs, String output, Attributes attributes) {
    add(
        new OperatorNode(
            names.get(output + "_" + type), type, inputs, List.of(output), attributes));
  }
}
