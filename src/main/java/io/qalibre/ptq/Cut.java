package io.qalibre.ptq;

import io.qalibre.graph.Annotations;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.TensorFacts;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** Cuts the part out of a graph that computes some of its tensors. */
final class Cut {
  private final Graph graph;
  private final TensorFacts facts;
  private final List<Node> nodes = new ArrayList<>();
  private final Set<String> read;

  private Cut(Graph graph, Set<String> from, Collection<String> outputs) {
    this.graph = graph;
    facts = ShapeInference.facts(graph);
    read = new HashSet<>(outputs);
    for (int i = graph.nodes().size() - 1; i >= 0; i--) {
      Node node = graph.nodes().get(i);
      if (node.outputs().stream().anyMatch(t -> read.contains(t) && !from.contains(t))) {
        nodes.add(node);
        read.addAll(node.inputs());
      }
    }
    Collections.reverse(nodes);
  }

  /**
   * The part that computes tensors from the graph's inputs, all of which stay.
   *
   * @param outputs the tensors wanted
   */
  static Graph fromInputs(Graph graph, Collection<String> outputs) {
    return new Cut(graph, Set.of(), outputs).build(graph.inputs(), outputs);
  }

  /**
   * The part that computes tensors from others.
   *
   * @param from the tensors whose values are known; those that are needed become inputs
   * @param outputs the tensors wanted
   */
  static Graph between(Graph graph, Set<String> from, Collection<String> outputs) {
    Cut cut = new Cut(graph, from, outputs);
    List<ValueInfo> inputs = from.stream().filter(cut.read::contains).map(cut::info).toList();
    return cut.build(inputs, outputs);
  }

  private Graph build(List<ValueInfo> inputs, Collection<String> outputs) {
    GraphBuilder builder = new GraphBuilder(graph.name()).info(graph.info());
    builder.annotations(Annotations.NONE).nodes(nodes);
    inputs.forEach(builder::input);
    graph.initializers().keySet().stream()
        .filter(read::contains)
        .forEach(t -> builder.initializer(t, graph.initializer(t)));
    outputs.stream().distinct().forEach(t -> builder.output(info(t)));
    return builder.build();
  }

  private ValueInfo info(String tensor) {
    TensorShape shape = Objects.requireNonNull(facts.shapes().get(tensor), tensor);
    return new ValueInfo(tensor, facts.types().getOrDefault(tensor, DataType.FLOAT), shape);
  }
}
