package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import java.util.Optional;

/** Constants as operators read them: directly, or through a quantizer. */
final class Constants {
  private Constants() {}

  /** The tensor that an operator reads, before its quantizer. */
  static String source(Graph graph, String read) {
    return LinearLayer.quantizer(graph, read).map(QuantizerNode::input).orElse(read);
  }

  /** Whether a tensor is a constant that nothing reads but one operator, and that once. */
  static boolean own(Graph graph, String read) {
    String source = source(graph, read);
    return graph.isInitializer(source)
        && graph.hasSingleConsumer(source)
        && graph.hasSingleConsumer(read);
  }

  /** What an operator reads where that is a constant, rounded if its quantizer is enabled. */
  static Optional<Tensor> value(Simulation simulation, String read) {
    Graph graph = simulation.graph();
    Tensor value = graph.initializers().get(source(graph, read));
    if (value == null) {
      return Optional.empty();
    }
    return LinearLayer.quantizer(graph, read)
        .filter(QuantizerNode::enabled)
        .map(simulation::rounded)
        .or(() -> Optional.of(value));
  }
}
