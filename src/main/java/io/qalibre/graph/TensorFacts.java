package io.qalibre.graph;

import io.qalibre.graph.op.ShapeContext;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What is known of each tensor of a graph before there is data; filled in by ShapeInference. */
public final class TensorFacts {
  /** The longest vector of sizes that is followed through a graph. */
  private static final int LONGEST = 64;

  private final Graph graph;
  private final Map<String, TensorShape> shapes = new LinkedHashMap<>();
  private final Map<String, DataType> types = new HashMap<>();
  private final Map<String, List<IndexValue>> values = new HashMap<>();

  TensorFacts(Graph graph) {
    this.graph = graph;
    graph.initializers().forEach(this::constant);
  }

  private void constant(String tensor, Tensor value) {
    put(tensor, value.shape(), value.type());
    boolean indices = value.type() == DataType.INT64 || value.type() == DataType.INT32;
    if (indices && value.rank() <= 1 && value.size() <= LONGEST) {
      List<IndexValue> elements = new ArrayList<>();
      for (long element : value.longs()) {
        elements.add(IndexValue.of(element));
      }
      values.put(tensor, List.copyOf(elements));
    }
  }

  void put(String tensor, TensorShape shape, DataType type) {
    shapes.put(tensor, shape);
    types.put(tensor, type);
  }

  void values(String tensor, List<IndexValue> elements) {
    if (elements.size() <= LONGEST) {
      values.put(tensor, List.copyOf(elements));
    }
  }

  /** The shape of every tensor, in order of execution. */
  public Map<String, TensorShape> shapes() {
    return java.util.Collections.unmodifiableMap(shapes);
  }

  /** The element type of every tensor. */
  public Map<String, DataType> types() {
    return java.util.Collections.unmodifiableMap(types);
  }

  /** The shape of a tensor of the graph. */
  public TensorShape shape(String tensor) {
    TensorShape shape = shapes.get(tensor);
    if (shape == null) {
      throw new IllegalStateException("no shape for " + tensor + " in " + graph.name());
    }
    return shape;
  }

  DataType type(String tensor) {
    return types.getOrDefault(tensor, DataType.FLOAT);
  }

  /** What the catalogue's rules may ask about a node of the graph. */
  public ShapeContext context(OperatorNode node) {
    return new ShapeContext() {
      @Override
      public OperatorNode node() {
        return node;
      }

      @Override
      public long opset() {
        return graph.info().opset();
      }

      @Override
      public TensorShape shape(int input) {
        return TensorFacts.this.shape(name(input));
      }

      @Override
      public DataType type(int input) {
        return TensorFacts.this.type(name(input));
      }

      @Override
      public Optional<Tensor> constant(int input) {
        return has(input)
            ? Optional.ofNullable(graph.initializers().get(node.input(input)))
            : Optional.empty();
      }

      @Override
      public Optional<List<IndexValue>> values(int input) {
        return has(input) ? Optional.ofNullable(values.get(node.input(input))) : Optional.empty();
      }

      private String name(int input) {
        if (!has(input)) {
          throw error("input " + input + " is missing");
        }
        return node.input(input);
      }
    };
  }
}
