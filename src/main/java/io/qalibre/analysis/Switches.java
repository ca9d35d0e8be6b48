package io.qalibre.analysis;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A simulation with some of its quantizers switched off. Where they are off, constants are those of
 * the float network: what AdaRound or bias correction made of them is part of quantizing.
 */
final class Switches {
  private static final String OFF = "switched off by an analysis";

  private final Simulation simulation;
  private final Map<String, QuantizerNode> disabled = new HashMap<>();
  private final Map<String, Tensor> floats = new HashMap<>();

  /**
   * Prepares to switch.
   *
   * @param reference the float network: the same constants as far as quantizing did not change them
   */
  Switches(Simulation simulation, Graph reference) {
    this.simulation = simulation;
    for (QuantizerNode node : simulation.graph().quantizers()) {
      disabled.put(node.name(), node.switched(false, OFF));
    }
    simulation
        .graph()
        .initializers()
        .forEach(
            (name, value) -> {
              Tensor other = reference.initializers().get(name);
              if (other != null && other != value && other.shape().equals(value.shape())) {
                floats.put(name, other);
              }
            });
  }

  /** The float network, with the simulation's nodes. */
  Simulation floats() {
    return with(quantizer -> false, constant -> false);
  }

  /** Only what belongs to a layer is on. */
  Simulation only(QuantizedLayer layer) {
    return with(layer.quantizers()::contains, layer.constants()::contains);
  }

  /**
   * Only some quantizers are on, with the constants that they go with.
   *
   * @param quantizers the names of their nodes
   * @param constants the initializers' names
   */
  Simulation only(Set<String> quantizers, Set<String> constants) {
    return with(quantizer -> quantizers.contains(quantizer.name()), constants::contains);
  }

  /** The network's name. */
  String name() {
    return simulation.graph().name();
  }

  /** All but what belongs to a layer is on. */
  Simulation without(QuantizedLayer layer) {
    return with(
        quantizer -> !layer.quantizers().contains(quantizer),
        constant -> !layer.constants().contains(constant));
  }

  /** Parameters alone are quantized. */
  Simulation weightsOnly() {
    return with(QuantizerNode::parameter, constant -> true);
  }

  /** Activations alone are quantized. */
  Simulation activationsOnly() {
    return with(quantizer -> !quantizer.parameter(), constant -> false);
  }

  /**
   * Some quantizers and constants as the simulation has them, all others off.
   *
   * @param on which quantizers go on doing what they do
   * @param kept which constants are the simulation's
   */
  private Simulation with(Predicate<QuantizerNode> on, Predicate<String> kept) {
    List<Node> nodes = new ArrayList<>();
    for (Node node : simulation.graph().nodes()) {
      boolean off = node instanceof QuantizerNode quantizer && !on.test(quantizer);
      nodes.add(off ? disabled.getOrDefault(node.name(), (QuantizerNode) node) : node);
    }
    Map<String, Tensor> constants = new HashMap<>(floats);
    constants.keySet().removeIf(kept);
    Graph graph = simulation.graph().toBuilder().nodes(nodes).build().withInitializers(constants);
    return new Simulation(graph, simulation.encodings());
  }
}
