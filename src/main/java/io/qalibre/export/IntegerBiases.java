package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Rounds biases to the integers that runtimes add, so that a simulation says what the runtime does.
 *
 * <p>A bias is a float in AIMET's simulation, and an int32 in steps of s_in·s_w in an integer
 * kernel. The difference is at most half a step, which is a small part of a step of the output, but
 * enough to flip about one code in a thousand. After rounding, the biases that {@link QdqGraph}
 * writes are exactly the simulation's.
 */
public final class IntegerBiases {
  private IntegerBiases() {}

  /**
   * The simulation with rounded biases.
   *
   * @param simulation a graph with an encoding for each enabled quantizer
   * @return the same with other values of the biases that {@link QdqGraph} stores as integers; a
   *     bias that is quantized itself, or that several operators read, stays as it is
   */
  public static Simulation round(Simulation simulation) {
    Simulation enabled = ActivationGrids.enabledOnly(simulation);
    Graph graph = enabled.graph();
    BiasPlan plan = new BiasPlan(enabled, new ActivationGrids(enabled));
    Map<String, Tensor> rounded = new LinkedHashMap<>();
    for (OperatorNode node : graph.operators()) {
      plan.integers(node)
          .filter(bias -> graph.isInitializer(node.input(2)))
          .filter(bias -> graph.hasSingleConsumer(node.input(2)))
          .ifPresent(bias -> rounded.put(node.input(2), bias.values()));
    }
    return new Simulation(simulation.graph().withInitializers(rounded), simulation.encodings());
  }
}
