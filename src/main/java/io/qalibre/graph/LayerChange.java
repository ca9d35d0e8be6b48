package io.qalibre.graph;

import java.util.List;
import java.util.Map;

/**
 * A layer with another weight and bias that replaces itself and a batch normalization.
 *
 * @param weight the layer before
 * @param changed its weight after
 * @param bias its bias after
 */
record LayerChange(LayerWeight weight, Tensor changed, LayerBias bias) {
  /**
   * The graph without the normalization.
   *
   * @param node the layer as it will be
   * @param norm the node to leave out
   * @param renamed the tensor that its readers read from now on, by the tensor they read
   */
  Graph apply(Graph graph, OperatorNode node, OperatorNode norm, Map<String, String> renamed) {
    List<Node> nodes =
        graph.nodes().stream()
            .filter(n -> !n.name().equals(norm.name()))
            .map(n -> n.name().equals(node.name()) ? node : n)
            .map(n -> rewire(n, renamed))
            .toList();
    return graph.toBuilder()
        .nodes(nodes)
        .initializer(weight.layer().input(1), changed)
        .initializer(bias.tensor(), bias.value())
        .build();
  }

  private static Node rewire(Node node, Map<String, String> renamed) {
    return node instanceof OperatorNode operator
        ? operator.withInputs(
            operator.inputs().stream().map(t -> renamed.getOrDefault(t, t)).toList())
        : node;
  }
}
