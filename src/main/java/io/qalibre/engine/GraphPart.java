package io.qalibre.engine;

import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.TensorFacts;
import io.qalibre.graph.ValueInfo;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** A stretch of a graph's nodes as a graph of its own. */
final class GraphPart {
  private GraphPart() {}

  /**
   * The nodes from one position to before another, with what they read as inputs and what is live
   * afterwards as outputs.
   *
   * @param facts what is known of the graph's tensors
   * @param end the position behind the last node that anybody is interested in
   * @return a graph, without outputs where the stretch writes nothing that is read later
   */
  static Graph of(Graph graph, TensorFacts facts, int from, int to, int end) {
    return of(graph, facts, from, to, live(graph, to, end));
  }

  /**
   * The nodes from one position to before another, with what they read as inputs.
   *
   * @param facts what is known of the graph's tensors
   * @param wanted what are outputs, where the stretch writes it
   */
  static Graph of(Graph graph, TensorFacts facts, int from, int to, Set<String> wanted) {
    List<Node> nodes = graph.nodes().subList(from, to);
    GraphBuilder part = new GraphBuilder(graph.name()).info(graph.info()).nodes(nodes);
    Set<String> written = new LinkedHashSet<>();
    Set<String> read = new LinkedHashSet<>();
    for (Node node : nodes) {
      node.inputs().stream().filter(t -> !t.isEmpty()).forEach(read::add);
      written.addAll(node.outputs());
    }
    read.removeAll(written);
    for (String tensor : read) {
      if (graph.isInitializer(tensor)) {
        part.initializer(tensor, graph.initializer(tensor));
      } else {
        part.input(info(facts, tensor));
      }
    }
    wanted.stream().filter(written::contains).forEach(tensor -> part.output(info(facts, tensor)));
    return part.build();
  }

  /** The tensors that are there before a position, and read from it on. */
  static Set<String> live(Graph graph, int at, int end) {
    Set<String> written = new LinkedHashSet<>();
    graph.inputs().forEach(input -> written.add(input.name()));
    graph.nodes().subList(0, at).forEach(node -> written.addAll(node.outputs()));
    Set<String> live = new LinkedHashSet<>();
    for (Node node : graph.nodes().subList(at, end)) {
      node.inputs().stream().filter(t -> !t.isEmpty() && written.contains(t)).forEach(live::add);
    }
    return live;
  }

  private static ValueInfo info(TensorFacts facts, String tensor) {
    return new ValueInfo(
        tensor,
        Objects.requireNonNull(facts.types().get(tensor)),
        Objects.requireNonNull(facts.shapes().get(tensor)));
  }
}
