package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.UniqueNames;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.quant.WeightEncodings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Takes folded batch normalizations out of a simulation. What is left is named as in a simulation
 * of the folded network: the quantizer of the normalization's output is that of the layer's, whose
 * tensor keeps its name, unless the network gives out the normalization's.
 */
final class NormRemoval {
  private final Graph graph;
  private final UniqueNames names;
  private final Map<String, NormFold> layers = new HashMap<>();
  private final Set<String> dropped = new HashSet<>();

  /** What is read instead of a tensor. */
  private final Map<String, String> read = new HashMap<>();

  /** The names of normalizations' outputs, and what the same values are called now. */
  private final Map<String, String> tensors = new HashMap<>();

  /** The operators that quantized tensors belong to now. */
  private final Map<String, String> operators = new HashMap<>();

  private final Map<String, Tensor> biases = new LinkedHashMap<>();
  private final Map<String, TensorEncoding> weights = new HashMap<>();

  private NormRemoval(Graph graph) {
    this.graph = graph;
    names = UniqueNames.ofTensors(graph);
  }

  static Simulation apply(Simulation simulation, List<NormFold> folds) {
    NormRemoval removal = new NormRemoval(simulation.graph());
    folds.forEach(removal::remove);
    return removal.apply(simulation);
  }

  private void remove(NormFold fold) {
    OperatorNode norm = fold.norm();
    LinearLayer layer = fold.layer();
    layers.put(layer.name(), fold);
    dropped.add(norm.name());
    LinearLayer.quantizer(graph, norm.input(0)).ifPresent(q -> dropped.add(q.name()));
    List<QuantizerNode> after =
        graph.consumers(norm.output()).stream()
            .filter(QuantizerNode.class::isInstance)
            .map(QuantizerNode.class::cast)
            .toList();
    String tensor = after.isEmpty() ? norm.output() : after.get(0).tensor();
    String now = graph.isOutput(tensor) ? tensor : layer.node().output();
    operators.put(now, fold.node().type());
    operators.put(layer.weight(), fold.node().type());
    if (!graph.isOutput(tensor)) {
      tensors.put(tensor, now);
      read.put(norm.output(), now);
      boolean free = !norm.input(0).equals(now);
      for (QuantizerNode quantizer : after) {
        read.put(quantizer.output(), free ? norm.input(0) : names.get(now + "_qdq"));
        free = false;
      }
    }
    if (layer.quantizer() != null && fold.scaled() != null) {
      weights.put(layer.quantizer().id(), fold.scaled().encoding());
    }
  }

  private Simulation apply(Simulation simulation) {
    List<Node> nodes = new ArrayList<>();
    for (Node node : graph.nodes()) {
      if (node instanceof QuantizerNode quantizer && !dropped(quantizer)) {
        nodes.add(renamed(quantizer));
      } else if (node instanceof OperatorNode operator && !dropped.contains(operator.name())) {
        NormFold fold = layers.get(operator.name());
        if (fold == null) {
          nodes.add(operator.withInputs(inputs(operator)));
        } else {
          layer(operator, fold).forEach(nodes::add);
        }
      }
    }
    GraphBuilder builder = graph.toBuilder().nodes(nodes);
    layers.values().forEach(f -> builder.initializer(f.layer().weight(), f.weight()));
    biases.forEach(builder::initializer);
    Graph changed = builder.withoutUnusedInitializers().build();
    return new Simulation(changed, encodings(simulation, changed));
  }

  /** Whether it is between a layer and its normalization, or quantizes the latter's parameter. */
  private boolean dropped(QuantizerNode quantizer) {
    List<Node> readers = graph.consumers(quantizer.output());
    return dropped.contains(quantizer.name())
        || (quantizer.parameter()
            && !readers.isEmpty()
            && readers.stream().allMatch(reader -> dropped.contains(reader.name())));
  }

  private QuantizerNode renamed(QuantizerNode quantizer) {
    String tensor = tensors.getOrDefault(quantizer.tensor(), quantizer.tensor());
    QuantizerPlacement placement = quantizer.placement();
    return new QuantizerNode(
        tensors.getOrDefault(quantizer.id(), quantizer.id()),
        tensor,
        read.getOrDefault(quantizer.input(), quantizer.input()),
        read.getOrDefault(quantizer.output(), quantizer.output()),
        quantizer.spec(),
        new QuantizerPlacement(
            placement.kind(),
            operators.getOrDefault(tensor, placement.operator()),
            placement.enabled(),
            placement.rule()));
  }

  private List<String> inputs(OperatorNode node) {
    return node.inputs().stream().map(tensor -> read.getOrDefault(tensor, tensor)).toList();
  }

  /** The layer, and in front of it the quantizer of a bias that it did not have. */
  private Stream<Node> layer(OperatorNode before, NormFold fold) {
    List<String> inputs = new ArrayList<>(inputs(before));
    Optional<QuantizerNode> quantizer = Optional.empty();
    if (before.hasInput(2)) {
      biases.put(Constants.source(graph, before.input(2)), fold.bias());
    } else {
      String bias = names.get(fold.node().input(2));
      biases.put(bias, fold.bias());
      quantizer = LinearLayer.quantizer(graph, fold.norm().input(2)).map(q -> bias(q, bias, fold));
      inputs.add(quantizer.map(QuantizerNode::output).orElse(bias));
    }
    String output = fold.norm().output();
    OperatorNode node =
        new OperatorNode(
            before.name(),
            fold.node().type(),
            inputs,
            List.of(read.containsKey(output) ? before.output() : output),
            fold.node().attributes());
    return Stream.concat(quantizer.stream(), Stream.of(node));
  }

  /** What the config says of the normalization's bias holds for the layer's. */
  private QuantizerNode bias(QuantizerNode beta, String bias, NormFold fold) {
    QuantizerNode weight = fold.layer().quantizer();
    boolean each = weight != null && weight.spec().perChannel();
    return new QuantizerNode(
        bias,
        bias,
        bias,
        names.get(bias + "_qdq"),
        beta.spec().withAxis(each ? 0 : Granularity.NO_AXIS),
        new QuantizerPlacement(
            Kind.BIAS, fold.node().type(), beta.enabled(), beta.placement().rule()));
  }

  private Map<String, TensorEncoding> encodings(Simulation simulation, Graph changed) {
    Set<String> ids =
        changed.quantizers().stream().map(QuantizerNode::id).collect(Collectors.toSet());
    Map<String, TensorEncoding> encodings = new LinkedHashMap<>();
    simulation
        .encodings()
        .forEach(
            (id, encoding) -> {
              String now = tensors.getOrDefault(id, id);
              if (ids.contains(now)) {
                encodings.put(now, weights.getOrDefault(id, encoding));
              }
            });
    for (QuantizerNode quantizer : changed.quantizers()) {
      Tensor value = biases.get(quantizer.input());
      boolean codes = quantizer.enabled() && !quantizer.spec().format().floating();
      if (value != null && codes) {
        encodings.put(
            quantizer.id(), WeightEncodings.of(value.floats(), value.sizes(), quantizer.spec()));
      }
    }
    return encodings;
  }
}
