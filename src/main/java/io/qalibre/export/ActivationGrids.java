package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.op.OperatorCatalogue;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Which grid the values of each tensor lie on: that of the quantizer that wrote it, handed on by
 * operators that only move values.
 */
final class ActivationGrids {
  private final Map<String, Encoding> grids = new HashMap<>();

  /** Follows the grids through a simulation. */
  ActivationGrids(Simulation simulation) {
    for (Node node : simulation.graph().nodes()) {
      if (node instanceof QuantizerNode quantizer) {
        if (quantizer.enabled() && !quantizer.spec().format().floating()) {
          TensorEncoding encoding = simulation.encoding(quantizer.id());
          if (!encoding.perChannel()) {
            grids.put(quantizer.output(), encoding.first());
          }
        } else if (!quantizer.enabled()) {
          handOn(quantizer.input(), quantizer.output());
        }
      } else if (node instanceof OperatorNode operator && keepsGrid(operator)) {
        handOn(operator.input(0), operator.output());
      }
    }
  }

  /** The one grid of a tensor's values, where it has one. */
  Optional<Encoding> grid(String tensor) {
    return Optional.ofNullable(grids.get(tensor));
  }

  /** Whether an operator's output has only values of its first input. */
  static boolean keepsGrid(OperatorNode operator) {
    return OperatorCatalogue.supports(operator.type())
        && OperatorCatalogue.get(operator).preservesGrid();
  }

  /** The graph that grids are followed through, with nothing but quantizers that quantize. */
  static Simulation enabledOnly(Simulation simulation) {
    Graph graph = FloatGraph.without(simulation.graph(), quantizer -> !quantizer.enabled());
    return new Simulation(graph, simulation.encodings());
  }

  private void handOn(String from, String to) {
    Encoding grid = grids.get(from);
    if (grid != null) {
      grids.put(to, grid);
    }
  }
}
