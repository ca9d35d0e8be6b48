package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.graph.op.OperatorCatalogue;
import io.qalibre.graph.op.ParameterSlot;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an encodings file says of a simulation, in AIMET's order: parameters and activations each in
 * order of execution, an operator's inputs before its outputs.
 */
final class EncodingsItems {
  private final Simulation simulation;
  private final Graph network;
  private final Map<String, QuantizerNode> quantizers = new LinkedHashMap<>();
  private final Map<String, EncodingsItem> parameters = new LinkedHashMap<>();
  private final Map<String, EncodingsItem> activations = new LinkedHashMap<>();

  /**
   * Collects the items.
   *
   * @param integerBias whether biases that are left in float get int32 encodings
   * @throws io.qalibre.errors.UnknownNameException if an enabled quantizer has no encoding
   */
  EncodingsItems(Simulation simulation, boolean integerBias) {
    this.simulation = simulation;
    network = FloatGraph.of(simulation.graph());
    // Of several quantizers of one tensor the enabled one has an entry.
    for (QuantizerNode node : simulation.graph().quantizers()) {
      quantizers.merge(node.tensor(), node, (one, other) -> one.enabled() ? one : other);
    }
    network.inputs().stream().map(ValueInfo::name).forEach(this::addActivation);
    BiasEncodings biases = new BiasEncodings(simulation);
    List<OperatorNode> simulated = simulation.graph().operators();
    List<OperatorNode> operators = network.operators();
    for (int i = 0; i < operators.size(); i++) {
      OperatorNode node = operators.get(i);
      for (int input = 0; input < node.inputs().size(); input++) {
        String tensor = node.input(input);
        // An Identity only hands a parameter on: its place is with the operator that computes.
        if (!node.type().equals("Identity")) {
          addParameter(tensor);
        }
        addActivation(tensor);
        if (integerBias && isBias(node, input) && network.isInitializer(tensor)) {
          addIntegerBias(tensor, biases, simulated.get(i));
        }
      }
      node.outputs().forEach(this::addActivation);
    }
    // Constants that no operator reads any more may still have a quantizer.
    quantizers.keySet().forEach(this::addParameter);
    quantizers.keySet().forEach(this::addActivation);
  }

  /** The items of parameters. */
  Collection<EncodingsItem> parameters() {
    return parameters.values();
  }

  /** The items of activations. */
  Collection<EncodingsItem> activations() {
    return activations.values();
  }

  /** Parameters and activations. */
  List<EncodingsItem> all() {
    List<EncodingsItem> all = new ArrayList<>(parameters.values());
    all.addAll(activations.values());
    return all;
  }

  /** The items that follow from others, for data-movement operators. */
  Collection<EncodingsItem> derived(ActivationCodes codes) {
    return DerivedItems.of(network, all(), codes);
  }

  private void addParameter(String tensor) {
    QuantizerNode node = quantizers.get(tensor);
    if (node != null && node.enabled() && node.parameter()) {
      parameters.computeIfAbsent(tensor, t -> item(t, node));
    }
  }

  private void addActivation(String tensor) {
    QuantizerNode node = quantizers.get(tensor);
    if (node != null && node.enabled() && !node.parameter()) {
      activations.computeIfAbsent(tensor, t -> item(t, node));
    }
  }

  private EncodingsItem item(String tensor, QuantizerNode node) {
    boolean floating = node.spec().format().floating();
    return new EncodingsItem(
        tensor, node.parameter(), sizes(tensor), floating ? null : simulation.encoding(node.id()));
  }

  private TensorShape sizes(String tensor) {
    Tensor value = network.initializers().get(tensor);
    return value == null ? TensorShape.of(new long[0]) : value.shape();
  }

  /** A bias of several operators has none: each would need steps of its own. */
  private void addIntegerBias(String tensor, BiasEncodings biases, OperatorNode node) {
    QuantizerNode quantizer = quantizers.get(tensor);
    if (quantizer != null && (quantizer.enabled() || quantizer.spec().format().floating())) {
      return;
    }
    boolean symmetric = quantizer == null || quantizer.spec().symmetry().symmetric();
    TensorEncoding encoding =
        network.consumers(tensor).size() > 1
            ? null
            : biases.of(node, network.initializer(tensor), symmetric).orElse(null);
    if (encoding != null) {
      parameters.put(tensor, new EncodingsItem(tensor, true, sizes(tensor), encoding));
    }
  }

  private boolean isBias(OperatorNode node, int input) {
    QuantizerNode quantizer = quantizers.get(node.input(input));
    if (quantizer != null) {
      return BiasPlan.isBias(quantizer);
    }
    if (!OperatorCatalogue.supports(node.type())) {
      return false;
    }
    ParameterSlot slot = OperatorCatalogue.get(node).parameters().get(input);
    return slot != null && slot.kind().equals("bias");
  }
}
