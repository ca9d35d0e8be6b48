package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.TensorEncoding;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Rounds biases to the integers that runtimes add, so that a simulation says what the runtime does.
 *
 * <p>A bias is a float in AIMET's simulation, and an int32 in steps of s_in·s_w in an integer
 * kernel. The difference is at most half a step, a small part of an output's code, but a part: it
 * flips about one code in a thousand. After rounding, the biases that {@link QdqGraph} writes are
 * exactly the simulation's.
 */
public final class IntegerBiases {
  private final Simulation simulation;
  private final Graph graph;

  private IntegerBiases(Simulation simulation) {
    this.simulation = simulation;
    graph = simulation.graph();
  }

  /**
   * The simulation with rounded biases.
   *
   * @param simulation a graph with an encoding for each enabled quantizer
   * @return the same with other values of the biases that {@link QdqGraph} stores as integers; a
   *     bias that several operators read stays as it is
   */
  public static Simulation round(Simulation simulation) {
    return new IntegerBiases(simulation).round();
  }

  private Simulation round() {
    ActivationGrids grids = new ActivationGrids(simulation);
    Map<String, Tensor> rounded = new LinkedHashMap<>();
    for (OperatorNode node : graph.operators()) {
      if (node.hasInput(2)) {
        bias(node.input(2))
            .ifPresent(
                bias ->
                    grids
                        .grid(node.input(0))
                        .flatMap(
                            input ->
                                weight(node.input(1))
                                    .flatMap(
                                        weight ->
                                            IntegerBias.of(
                                                node, graph.initializer(bias), input, weight)))
                        .ifPresent(integers -> rounded.put(bias, integers.values())));
      }
    }
    return new Simulation(graph.withInitializers(rounded), simulation.encodings());
  }

  /** The initializer that an operator alone reads as its bias, unless it is quantized already. */
  private Optional<String> bias(String tensor) {
    Node producer = graph.producer(tensor).orElse(null);
    if (producer instanceof QuantizerNode quantizer) {
      boolean free = !quantizer.enabled() && graph.consumers(tensor).size() == 1;
      return free ? bias(quantizer.input()) : Optional.empty();
    }
    boolean alone = graph.consumers(tensor).size() == 1;
    return graph.isInitializer(tensor) && alone ? Optional.of(tensor) : Optional.empty();
  }

  private Optional<TensorEncoding> weight(String tensor) {
    return graph.producer(tensor).orElse(null) instanceof QuantizerNode quantizer
            && quantizer.enabled()
            && graph.isInitializer(quantizer.input())
        ? Optional.of(simulation.encoding(quantizer.id()))
        : Optional.empty();
  }
}
