package io.qalibre.config;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.op.NodeContext;
import io.qalibre.graph.op.Operator;
import io.qalibre.graph.op.OperatorCatalogue;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The tensors of a graph that hold floats; no others can be quantized. The catalogue's operators
 * say what they write; others are taken to write what they read first.
 */
final class FloatTensors {
  private final Graph graph;
  private final Map<String, DataType> types = new HashMap<>();

  private FloatTensors(Graph graph) {
    this.graph = graph;
    graph.inputs().forEach(input -> types.put(input.name(), input.type()));
    graph.initializers().forEach((tensor, value) -> types.put(tensor, value.type()));
    graph.operators().forEach(this::write);
  }

  /** The names of a graph's float tensors. */
  static Set<String> of(Graph graph) {
    return new FloatTensors(graph)
        .types.entrySet().stream()
            .filter(e -> !e.getKey().isEmpty() && e.getValue() == DataType.FLOAT)
            .map(Map.Entry::getKey)
            .collect(Collectors.toUnmodifiableSet());
  }

  private void write(OperatorNode node) {
    for (int i = 0; i < node.outputs().size(); i++) {
      types.put(node.outputs().get(i), type(node, i));
    }
  }

  private DataType type(OperatorNode node, int output) {
    if (OperatorCatalogue.supports(node.type())) {
      Operator operator = OperatorCatalogue.get(node);
      return operator.type(new Types(node), output);
    }
    if (node.type().equals("DequantizeLinear")) {
      return DataType.FLOAT;
    }
    // What is written without reading anything, and codes, are no floats; which integers they are
    // does not matter here.
    return node.type().equals("QuantizeLinear") || !node.hasInput(0)
        ? DataType.INT64
        : type(node.input(0));
  }

  private DataType type(String tensor) {
    return types.getOrDefault(tensor, DataType.FLOAT);
  }

  /** What is known of a node's inputs before shapes are: their types. */
  private final class Types implements NodeContext {
    private final OperatorNode node;

    Types(OperatorNode node) {
      this.node = node;
    }

    @Override
    public OperatorNode node() {
      return node;
    }

    @Override
    public DataType type(int input) {
      return has(input) ? FloatTensors.this.type(node.input(input)) : DataType.FLOAT;
    }

    @Override
    public long opset() {
      return graph.info().opset();
    }

    @Override
    public Optional<Tensor> constant(int input) {
      return has(input)
          ? Optional.ofNullable(graph.initializers().get(node.input(input)))
          : Optional.empty();
    }

    @Override
    public TensorShape shape(int input) {
      throw new IllegalStateException("the type of " + node.type() + " depends on shapes");
    }

    @Override
    public Optional<List<IndexValue>> values(int input) {
      return Optional.empty();
    }
  }
}
