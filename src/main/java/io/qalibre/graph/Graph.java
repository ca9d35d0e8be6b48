package io.qalibre.graph;

import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.quant.Rounding;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * An immutable graph of operators and quantizers, in an order in which every tensor is written
 * before it is read. Tensors keep their ONNX names from the first step to the last.
 */
public final class Graph {
  private final String name;
  private final ModelInfo info;
  private final Annotations annotations;
  private final List<ValueInfo> inputs;
  private final List<ValueInfo> outputs;
  private final List<Node> nodes;
  private final Map<String, Tensor> initializers;
  private final Map<String, Node> producers = new LinkedHashMap<>();
  private final Map<String, List<Node>> consumers = new LinkedHashMap<>();

  /**
   * Creates a graph.
   *
   * @throws QalibreException if a tensor is read but never written, written twice, or written after
   *     it is read, or two nodes share a name
   */
  Graph(GraphBuilder builder) {
    name = builder.name;
    info = builder.info;
    annotations = builder.annotations;
    inputs = List.copyOf(builder.inputs);
    outputs = List.copyOf(builder.outputs);
    nodes = List.copyOf(builder.nodes);
    initializers = Collections.unmodifiableMap(new LinkedHashMap<>(builder.initializers));
    index();
  }

  private void index() {
    Set<String> written = new HashSet<>(initializers.keySet());
    inputs.forEach(input -> written.add(input.name()));
    Set<String> names = new HashSet<>();
    for (Node node : nodes) {
      if (!names.add(node.name())) {
        throw new QalibreException(name + ": two nodes are named `" + node.name() + "`");
      }
      for (String input : node.inputs()) {
        if (input.isEmpty()) {
          continue;
        }
        if (!written.contains(input)) {
          throw new QalibreException(
              name + ": node `" + node.name() + "` reads `" + input + "`, which " + missing(input));
        }
        consumers.computeIfAbsent(input, k -> new ArrayList<>()).add(node);
      }
      for (String output : node.outputs()) {
        if (output.isEmpty()) {
          continue;
        }
        if (!written.add(output)) {
          throw new QalibreException(name + ": tensor `" + output + "` is written twice");
        }
        producers.put(output, node);
      }
    }
    for (ValueInfo output : outputs) {
      if (!written.contains(output.name())) {
        throw new QalibreException(name + ": nothing writes its output `" + output.name() + "`");
      }
    }
  }

  private String missing(String tensor) {
    boolean later = nodes.stream().anyMatch(n -> n.outputs().contains(tensor));
    return later ? "is written only later (a cycle, or nodes out of order)" : "nothing writes";
  }

  /** The graph's name. */
  public String name() {
    return name;
  }

  /** What its file says about itself. */
  public ModelInfo info() {
    return info;
  }

  /** What else its file says, of nodes and tensors. */
  public Annotations annotations() {
    return annotations;
  }

  /** The inputs that data is given for. */
  public List<ValueInfo> inputs() {
    return inputs;
  }

  /** The outputs. */
  public List<ValueInfo> outputs() {
    return outputs;
  }

  /** The nodes in order of execution. */
  public List<Node> nodes() {
    return nodes;
  }

  /** The operators in order of execution. */
  public List<OperatorNode> operators() {
    return nodes.stream()
        .filter(OperatorNode.class::isInstance)
        .map(OperatorNode.class::cast)
        .toList();
  }

  /** Whether a quantizer rounds as AIMET's ONNX simulation does, for parity with it. */
  public boolean roundsHalfAway() {
    return quantizers().stream().anyMatch(q -> q.spec().format().rounding() == Rounding.HALF_AWAY);
  }

  /** The quantizers in order of execution. */
  public List<QuantizerNode> quantizers() {
    return nodes.stream()
        .filter(QuantizerNode.class::isInstance)
        .map(QuantizerNode.class::cast)
        .toList();
  }

  /** The constant tensors by name. */
  public Map<String, Tensor> initializers() {
    return initializers;
  }

  /** Whether a tensor is an initializer. */
  public boolean isInitializer(String tensor) {
    return initializers.containsKey(tensor);
  }

  /**
   * An initializer.
   *
   * @throws UnknownNameException if there is none of that name
   */
  public Tensor initializer(String tensor) {
    Tensor found = initializers.get(tensor);
    if (found == null) {
      throw new UnknownNameException("initializer", tensor, name, initializers.keySet());
    }
    return found;
  }

  /** The node that writes a tensor; empty for inputs and initializers. */
  public Optional<Node> producer(String tensor) {
    return Optional.ofNullable(producers.get(tensor));
  }

  /** The operator that writes a tensor, looking through quantizers. */
  public Optional<OperatorNode> producingOperator(String tensor) {
    Node node = producers.get(tensor);
    while (node instanceof QuantizerNode quantizer) {
      node = producers.get(quantizer.input());
    }
    return Optional.ofNullable((OperatorNode) node);
  }

  /** The nodes that read a tensor, in order, once for each time they read it. */
  public List<Node> consumers(String tensor) {
    return Collections.unmodifiableList(consumers.getOrDefault(tensor, List.of()));
  }

  /** Whether a tensor is an output of the graph. */
  public boolean isOutput(String tensor) {
    return outputs.stream().anyMatch(o -> o.name().equals(tensor));
  }

  /** Whether exactly one node reads a tensor, and the graph does not give it out. */
  public boolean hasSingleConsumer(String tensor) {
    return consumers(tensor).size() == 1 && !isOutput(tensor);
  }

  /**
   * The number of values that training changes: the float initializers without bounds and other
   * scalars, and without the statistics of batch normalizations.
   */
  public long parameters() {
    Set<String> statistics = new HashSet<>();
    for (OperatorNode node : operators()) {
      if (node.type().equals("BatchNormalization")) {
        statistics.addAll(node.inputs().subList(3, node.inputs().size()));
      }
    }
    return initializers.entrySet().stream()
        .filter(e -> !statistics.contains(e.getKey()))
        .map(Map.Entry::getValue)
        .filter(t -> t.type() == DataType.FLOAT && t.rank() > 0)
        .mapToLong(Tensor::size)
        .sum();
  }

  /** A builder that starts from this graph. */
  public GraphBuilder toBuilder() {
    return new GraphBuilder(this);
  }

  /** The same with other values of some initializers. */
  public Graph withInitializers(Map<String, Tensor> changed) {
    GraphBuilder builder = toBuilder();
    changed.forEach(
        (tensor, value) -> {
          if (!initializer(tensor).shape().equals(value.shape())) {
            throw new QalibreException(
                "initializer `"
                    + tensor
                    + "`: expected shape "
                    + initializer(tensor).shape()
                    + ", found "
                    + value.shape());
          }
          builder.initializer(tensor, value);
        });
    return builder.build();
  }

  @Override
  public String toString() {
    return name + ": " + inputs + " → " + nodes.size() + " nodes → " + outputs;
  }
}
