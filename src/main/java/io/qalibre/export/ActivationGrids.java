package io.qalibre.export;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.op.OperatorCatalogue;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Granularity;
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
        if (quantizer.enabled()) {
          grid(simulation, quantizer).ifPresent(grid -> grids.put(quantizer.output(), grid));
        } else {
          handOn(quantizer.input(), quantizer.output());
        }
      } else if (node instanceof OperatorNode operator && keepsGrid(operator, simulation.graph())) {
        operator.outputs().forEach(output -> handOn(operator.input(0), output));
      }
    }
  }

  /** The one grid of a tensor's values, where it has one. */
  Optional<Encoding> grid(String tensor) {
    return Optional.ofNullable(grids.get(tensor));
  }

  /**
   * Whether an operator's outputs have only values of its first input, as floats of 32 bits, or
   * zeros, which every grid has.
   */
  static boolean keepsGrid(OperatorNode operator, Graph graph) {
    if (operator.type().equals("Pad")) {
      return padsOnGrid(operator, graph);
    }
    return OperatorCatalogue.supports(operator.type())
        && OperatorCatalogue.get(operator).preservesGrid()
        && !(operator.type().equals("Cast")
            && operator.attributes().integer("to", 0) != DataType.FLOAT.onnx());
  }

  private static boolean padsOnGrid(OperatorNode pad, Graph graph) {
    if (!pad.attributes().text("mode", "constant").equals("constant") || !pad.hasInput(2)) {
      return pad.attributes().number("value", 0) == 0;
    }
    String value =
        graph.producer(pad.input(2)).orElse(null) instanceof QuantizerNode quantizer
            ? quantizer.input()
            : pad.input(2);
    Tensor constant = graph.initializers().get(value);
    return constant != null && constant.type() == DataType.FLOAT && constant.floats()[0] == 0;
  }

  /**
   * The graph that grids are followed through, with nothing but quantizers that quantize what
   * something reads.
   */
  static Simulation enabledOnly(Simulation simulation) {
    Graph graph = simulation.graph();
    Graph enabled =
        FloatGraph.without(
            graph,
            quantizer ->
                !quantizer.enabled()
                    || (graph.consumers(quantizer.output()).isEmpty()
                        && !graph.isOutput(quantizer.output())));
    return new Simulation(enabled, simulation.encodings());
  }

  private static Optional<Encoding> grid(Simulation simulation, QuantizerNode quantizer) {
    if (quantizer.spec().format().floating()) {
      return Optional.empty();
    }
    TensorEncoding encoding = simulation.encoding(quantizer.id());
    return encoding.granularity().equals(Granularity.PER_TENSOR)
        ? Optional.of(encoding.first())
        : Optional.empty();
  }

  private void handOn(String from, String to) {
    Encoding grid = grids.get(from);
    if (grid != null) {
      grids.put(to, grid);
    }
  }
}
