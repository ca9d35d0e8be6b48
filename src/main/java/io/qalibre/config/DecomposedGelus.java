package io.qalibre.config;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds GELUs that are written out in single operators, as exporters write them for operator sets
 * without Gelu (20), and quantizes them at their ends only: (erf(x / √2) + 1) · x · ½, with any
 * constants. Where x is halved first, the halved one is an end too.
 *
 * <p>ONNX Runtime, TensorRT and OpenVINO compute them in one step, in floats. With quantizers
 * between, the values pass six grids instead of two; and where erf reaches ±1 its grid has the
 * steps of 2/255, so that each erf + 1 lies half-way between two codes, which ONNX Runtime's
 * integer Add rounds otherwise than its Add of floats.
 */
final class DecomposedGelus {
  static final String PASS = "Gelu";
  private static final String RULE = "qalibre.passes " + PASS;

  private final boolean asked;
  private final QuantizerTable table;
  private final Graph graph;

  DecomposedGelus(RuntimeConfig config, QuantizerTable table) {
    asked = config.fusion().passes().contains(PASS);
    this.table = table;
    graph = table.graph();
  }

  void apply() {
    if (asked) {
      graph.operators().stream()
          .filter(node -> node.type().equals("Erf"))
          .forEach(erf -> nodes(erf).ifPresent(this::fuse));
    }
  }

  /** The nodes from the division to the last product. */
  private Optional<List<OperatorNode>> nodes(OperatorNode erf) {
    Optional<OperatorNode> scaled =
        graph
            .producingOperator(erf.input(0))
            .filter(node -> Set.of("Div", "Mul").contains(node.type()) && hasConstant(node))
            .filter(node -> graph.hasSingleConsumer(node.output()));
    Optional<OperatorNode> shifted = next(erf, "Add").filter(this::hasConstant);
    Optional<OperatorNode> product = shifted.flatMap(node -> next(node, "Mul"));
    if (scaled.isEmpty() || product.isEmpty() || hasConstant(product.get())) {
      return Optional.empty();
    }
    List<OperatorNode> nodes =
        new ArrayList<>(List.of(scaled.get(), erf, shifted.get(), product.get()));
    next(product.get(), "Mul").filter(this::hasConstant).ifPresent(nodes::add);
    return Optional.of(nodes);
  }

  private void fuse(List<OperatorNode> nodes) {
    for (OperatorNode node : nodes.subList(0, nodes.size() - 1)) {
      table.outputs(node).forEach(state -> state.enable(false, RULE));
    }
    nodes.stream()
        .flatMap(node -> node.inputs().stream())
        .filter(this::isConstant)
        .flatMap(tensor -> table.get(tensor).stream())
        .forEach(state -> state.enable(false, RULE));
  }

  /** The only reader of a node's output, where it is of a type. */
  private Optional<OperatorNode> next(OperatorNode node, String type) {
    return Optional.of(node.output())
        .filter(graph::hasSingleConsumer)
        .map(output -> (OperatorNode) graph.consumers(output).get(0))
        .filter(reader -> reader.type().equals(type));
  }

  private boolean hasConstant(OperatorNode node) {
    return node.inputs().stream().anyMatch(this::isConstant);
  }

  private boolean isConstant(String tensor) {
    Tensor constant = graph.initializers().get(tensor);
    return constant != null && constant.type() == DataType.FLOAT && constant.size() == 1;
  }
}
