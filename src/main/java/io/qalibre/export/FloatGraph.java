package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Takes quantizers out of a graph again, so that its tensors have the names they had before. */
public final class FloatGraph {
  private FloatGraph() {}

  /**
   * The float network of a simulation's graph.
   *
   * @param graph a graph with quantizers, or without
   * @return the graph without quantizers: original tensor names, initializers as they are now
   */
  public static Graph of(Graph graph) {
    return without(graph, quantizer -> true);
  }

  /** The graph without some of its quantizers. */
  static Graph without(Graph graph, Predicate<QuantizerNode> dropped) {
    Map<String, String> renamed = new HashMap<>();
    for (QuantizerNode quantizer : graph.quantizers()) {
      if (dropped.test(quantizer)) {
        // What writes an output of the graph was renamed when its quantizer took the name.
        renamed.put(quantizer.input(), quantizer.tensor());
        renamed.put(quantizer.output(), quantizer.tensor());
      }
    }
    List<Node> nodes = new ArrayList<>();
    for (Node node : graph.nodes()) {
      if (node instanceof OperatorNode operator) {
        nodes.add(
            operator
                .withInputs(names(operator.inputs(), renamed))
                .withOutputs(names(operator.outputs(), renamed)));
      } else if (node instanceof QuantizerNode quantizer && !dropped.test(quantizer)) {
        nodes.add(quantizer);
      }
    }
    return graph.toBuilder().nodes(nodes).build();
  }

  private static List<String> names(List<String> tensors, Map<String, String> renamed) {
    return tensors.stream().map(tensor -> renamed.getOrDefault(tensor, tensor)).toList();
  }
}
