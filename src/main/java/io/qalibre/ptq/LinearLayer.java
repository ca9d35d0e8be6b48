package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A layer that multiplies its input by a constant weight: a convolution or a matrix product.
 *
 * @param node the operator; its input 0 is the data
 * @param weight the initializer that holds the weight
 * @param quantizer what quantizes the weight, enabled or not; null in a float network
 */
record LinearLayer(OperatorNode node, String weight, @Nullable QuantizerNode quantizer) {
  private static final Set<String> TYPES = Set.of("Conv", "ConvTranspose", "Gemm", "MatMul");

  /** The layers of a graph in order of execution. */
  static List<LinearLayer> of(Graph graph) {
    List<LinearLayer> layers = new ArrayList<>();
    for (OperatorNode node : graph.operators()) {
      if (TYPES.contains(node.type())) {
        Optional<QuantizerNode> quantizer = quantizer(graph, node.input(1));
        String weight = quantizer.map(QuantizerNode::input).orElse(node.input(1));
        boolean matrix = !node.type().equals("MatMul");
        if (graph.isInitializer(weight) && (matrix || graph.initializer(weight).rank() == 2)) {
          layers.add(new LinearLayer(node, weight, quantizer.orElse(null)));
        }
      }
    }
    return layers;
  }

  /** The quantizer that writes a tensor, if one does. */
  static Optional<QuantizerNode> quantizer(Graph graph, String tensor) {
    return graph
        .producer(tensor)
        .filter(QuantizerNode.class::isInstance)
        .map(QuantizerNode.class::cast);
  }

  /** The node's name. */
  String name() {
    return node.name();
  }

  /** Whether the weight is rounded to a grid. */
  boolean quantized() {
    return quantizer != null && quantizer.enabled() && !quantizer.spec().format().floating();
  }

  /**
   * The axis of the output's channels.
   *
   * @param rank the number of the output's dimensions
   */
  int channelAxis(int rank) {
    return node.type().equals("MatMul") ? rank - 1 : 1;
  }
}
