package io.qalibre.analysis;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Finds the layers that a graph's quantizers belong to. */
final class QuantizedLayers {
  private static final String INPUT = "input";

  private final Graph graph;
  private final Map<String, Found> layers = new LinkedHashMap<>();

  private record Found(String operator, List<QuantizerNode> quantizers, Set<String> constants) {}

  private QuantizedLayers(Graph graph) {
    this.graph = graph;
  }

  /**
   * The layers in order of execution.
   *
   * @param title what asks, for errors
   * @throws QalibreException if no quantizer is enabled
   */
  static List<QuantizedLayer> of(String title, Graph graph) {
    QuantizedLayers found = new QuantizedLayers(graph);
    // First the layers with parameters: activations are theirs where they can be.
    quantizing(graph).filter(q -> found.constant(q)).forEach(found::addConstant);
    quantizing(graph).filter(q -> !found.constant(q)).forEach(found::addActivation);
    if (found.layers.isEmpty()) {
      throw new QalibreException(
          title + ": `" + graph.name() + "` has no enabled quantizer whose output is read");
    }
    return found.inOrder();
  }

  /** The enabled quantizers that change something. */
  static java.util.stream.Stream<QuantizerNode> quantizing(Graph graph) {
    return graph.quantizers().stream()
        .filter(QuantizerNode::enabled)
        .filter(q -> !graph.consumers(q.output()).isEmpty() || graph.isOutput(q.output()));
  }

  private boolean constant(QuantizerNode quantizer) {
    return graph.isInitializer(quantizer.input());
  }

  private void addConstant(QuantizerNode quantizer) {
    reader(quantizer.output())
        .ifPresentOrElse(
            node -> add(node, List.of(node), quantizer),
            () -> add(quantizer.tensor(), INPUT, quantizer));
  }

  private void addActivation(QuantizerNode quantizer) {
    Optional<OperatorNode> producer = graph.producingOperator(quantizer.input());
    if (producer.isEmpty()) {
      reader(quantizer.output())
          .filter(node -> layers.containsKey(node.name()))
          .ifPresentOrElse(
              node -> add(node, List.of(node), quantizer),
              () -> add(quantizer.tensor(), INPUT, quantizer));
      return;
    }
    List<OperatorNode> chain = chain(producer.get());
    OperatorNode top = chain.get(chain.size() - 1);
    if (layers.containsKey(top.name())) {
      add(top, chain, quantizer);
    } else {
      add(producer.get(), List.of(producer.get()), quantizer);
    }
  }

  /** An operator and those before it that nothing but it reads and no quantizer stands between. */
  private List<OperatorNode> chain(OperatorNode last) {
    List<OperatorNode> chain = new ArrayList<>(List.of(last));
    Optional<OperatorNode> next = Optional.of(last);
    while (next.isPresent() && !layers.containsKey(next.get().name())) {
      next = before(next.get());
      next.ifPresent(chain::add);
    }
    return chain;
  }

  private Optional<OperatorNode> before(OperatorNode node) {
    List<String> data =
        node.inputs().stream().filter(t -> !t.isEmpty() && !fromConstant(t)).toList();
    if (data.size() != 1) {
      return Optional.empty();
    }
    String tensor = data.get(0);
    while (graph.producer(tensor).orElse(null) instanceof QuantizerNode quantizer) {
      if (quantizer.enabled() || !graph.hasSingleConsumer(tensor)) {
        return Optional.empty();
      }
      tensor = quantizer.input();
    }
    return graph.hasSingleConsumer(tensor) ? graph.producingOperator(tensor) : Optional.empty();
  }

  private boolean fromConstant(String tensor) {
    return graph.isInitializer(tensor)
        || (graph.producer(tensor).orElse(null) instanceof QuantizerNode q && constant(q));
  }

  /** The first operator that reads a tensor, looking through quantizers. */
  private Optional<OperatorNode> reader(String tensor) {
    for (Node node : graph.consumers(tensor)) {
      if (node instanceof OperatorNode operator) {
        return Optional.of(operator);
      }
      Optional<OperatorNode> behind = reader(node.outputs().get(0));
      if (behind.isPresent()) {
        return behind;
      }
    }
    return Optional.empty();
  }

  private void add(OperatorNode owner, List<OperatorNode> nodes, QuantizerNode quantizer) {
    Found found = add(owner.name(), owner.type(), quantizer);
    for (OperatorNode node : nodes) {
      for (String input : node.inputs()) {
        boolean quantized =
            graph.producer(input).orElse(null) instanceof QuantizerNode q && constant(q);
        String constant = quantized ? graph.producer(input).orElseThrow().inputs().get(0) : input;
        if (graph.isInitializer(constant)) {
          found.constants.add(constant);
        }
      }
    }
  }

  private Found add(String name, String operator, QuantizerNode quantizer) {
    Found found =
        layers.computeIfAbsent(
            name, k -> new Found(operator, new ArrayList<>(), new LinkedHashSet<>()));
    found.quantizers.add(quantizer);
    return found;
  }

  private List<QuantizedLayer> inOrder() {
    List<QuantizedLayer> ordered = new ArrayList<>();
    Map<String, Found> rest = new LinkedHashMap<>(layers);
    for (OperatorNode node : graph.operators()) {
      Found found = rest.remove(node.name());
      if (found != null) {
        ordered.add(layer(node.name(), found));
      }
    }
    List<QuantizedLayer> all =
        new ArrayList<>(
            rest.entrySet().stream().map(e -> layer(e.getKey(), e.getValue())).toList());
    all.addAll(ordered);
    return List.copyOf(all);
  }

  private static QuantizedLayer layer(String name, Found found) {
    return new QuantizedLayer(name, found.operator, found.quantizers, found.constants);
  }
}
