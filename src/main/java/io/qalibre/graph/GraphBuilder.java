package io.qalibre.graph;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Collects the parts of a {@link Graph}. */
public final class GraphBuilder {
  String name;
  ModelInfo info;
  Annotations annotations;
  final List<ValueInfo> inputs = new ArrayList<>();
  final List<ValueInfo> outputs = new ArrayList<>();
  final List<Node> nodes = new ArrayList<>();
  final Map<String, Tensor> initializers = new LinkedHashMap<>();

  /** Starts an empty graph. */
  public GraphBuilder(String name) {
    this.name = name;
    this.info = ModelInfo.OWN;
    this.annotations = Annotations.NONE;
  }

  GraphBuilder(Graph graph) {
    name = graph.name();
    info = graph.info();
    annotations = graph.annotations();
    inputs.addAll(graph.inputs());
    outputs.addAll(graph.outputs());
    nodes.addAll(graph.nodes());
    initializers.putAll(graph.initializers());
  }

  /** Sets what the file says about itself. */
  public GraphBuilder info(ModelInfo changed) {
    info = changed;
    return this;
  }

  /** Sets what else the file says, of nodes and tensors. */
  public GraphBuilder annotations(Annotations changed) {
    annotations = changed;
    return this;
  }

  /** Adds an input. */
  public GraphBuilder input(ValueInfo input) {
    inputs.add(input);
    return this;
  }

  /** Adds an output. */
  public GraphBuilder output(ValueInfo output) {
    outputs.add(output);
    return this;
  }

  /** Adds a node after those added before. */
  public GraphBuilder node(Node node) {
    nodes.add(node);
    return this;
  }

  /** Replaces all nodes. */
  public GraphBuilder nodes(List<? extends Node> changed) {
    nodes.clear();
    nodes.addAll(changed);
    return this;
  }

  /** Adds or replaces an initializer. */
  public GraphBuilder initializer(String tensor, Tensor value) {
    initializers.put(tensor, value);
    return this;
  }

  /** Removes initializers. */
  public GraphBuilder withoutInitializers(Set<String> tensors) {
    initializers.keySet().removeAll(tensors);
    return this;
  }

  /** Removes the initializers that nothing reads and that are no output. */
  public GraphBuilder withoutUnusedInitializers() {
    initializers
        .keySet()
        .removeIf(
            tensor ->
                nodes.stream().noneMatch(n -> n.inputs().contains(tensor))
                    && outputs.stream().noneMatch(o -> o.name().equals(tensor)));
    return this;
  }

  /**
   * The graph.
   *
   * @throws io.qalibre.errors.QalibreException if the parts do not make one
   */
  public Graph build() {
    return new Graph(this);
  }
}
