package io.qalibre.ptq;

import io.qalibre.graph.Node;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;

/** Switches quantizers off. */
final class Activations {
  private Activations() {}

  /** The same with parameters quantized only, as AIMET's techniques look at networks. */
  static Simulation off(Simulation simulation) {
    return new Simulation(
        simulation.graph().toBuilder()
            .nodes(simulation.graph().nodes().stream().map(Activations::off).toList())
            .build(),
        simulation.encodings());
  }

  private static Node off(Node node) {
    return node instanceof QuantizerNode q && !q.parameter()
        ? q.switched(false, q.placement().rule())
        : node;
  }
}
