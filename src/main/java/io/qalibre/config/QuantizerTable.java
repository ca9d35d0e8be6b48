package io.qalibre.config;

import io.qalibre.config.QuantizerState.Owner;
import io.qalibre.config.QuantizerState.Source;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.ValueInfo;
import io.qalibre.graph.op.ParameterSlot;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The quantizers that a graph can have, all disabled, in order of execution. */
final class QuantizerTable {
  private final Graph graph;
  private final List<DecomposedNorm> norms;
  private final boolean bounds;
  private final Set<String> quantizable;
  private final Map<String, QuantizerState> states = new LinkedHashMap<>();

  QuantizerTable(Graph graph, RuntimeConfig config) {
    this.graph = graph;
    norms = DecomposedNorms.find(graph, config.fusion().passes());
    bounds = config.deviations().quantizeBounds();
    quantizable = quantizable(graph);
    for (ValueInfo input : graph.inputs()) {
      if (quantizable.contains(input.name())) {
        add(input.name(), Source.INPUT, Kind.ACTIVATION, "not in model_input");
      }
    }
    // Parameters first: a tensor that is a parameter anywhere is one everywhere.
    graph.operators().forEach(this::addParameters);
    norms.forEach(this::addParameters);
    graph.operators().forEach(this::addActivations);
    if (bounds) {
      addUnread();
    }
  }

  /** AIMET quantizes a constant that nothing reads, such as the bounds of a Clip taken away. */
  private void addUnread() {
    graph.initializers().keySet().stream()
        .filter(tensor -> quantizable.contains(tensor) && graph.consumers(tensor).isEmpty())
        .forEach(tensor -> add(tensor, Source.CONSTANT, Kind.ACTIVATION, "not in model_input"));
  }

  private static Set<String> quantizable(Graph graph) {
    Set<String> tensors = new HashSet<>(FloatTensors.of(graph));
    for (OperatorNode node : graph.operators()) {
      // AIMET quantizes nothing that a Resize anywhere reads as a size.
      if (node.type().equals("Resize")) {
        node.inputs().stream()
            .skip(1)
            .filter(tensor -> !tensor.equals(node.input(0)))
            .forEach(tensors::remove);
      }
    }
    return tensors;
  }

  private QuantizerState add(String tensor, Source source, Kind kind, String rule) {
    return states.computeIfAbsent(tensor, t -> new QuantizerState(t, source, kind, rule));
  }

  private void addParameters(OperatorNode node) {
    Map<Integer, ParameterSlot> slots = OperatorFamilies.parameters(node);
    for (int i = 0; i < node.inputs().size(); i++) {
      ParameterSlot slot = slots.get(i);
      String tensor = node.input(i);
      if (slot != null && graph.isInitializer(tensor)) {
        addParameter(
            tensor, new Owner(node, node.type(), slot.kind(), channelAxis(node, slot, tensor)));
      }
    }
  }

  private void addParameters(DecomposedNorm norm) {
    addParameter(norm, norm.scale(), "weight");
    addParameter(norm, norm.bias(), "bias");
  }

  private void addParameter(DecomposedNorm norm, @Nullable String tensor, String kind) {
    if (tensor != null) {
      int axis = graph.initializer(tensor).rank() - 1;
      addParameter(tensor, new Owner(norm.last(), norm.type(), kind, axis));
    }
  }

  private void addParameter(String tensor, Owner owner) {
    if (quantizable.contains(tensor)) {
      Kind kind = owner.kind().equals("bias") ? Kind.BIAS : Kind.WEIGHT;
      add(tensor, Source.PARAMETER, kind, "not in defaults.params").owners.add(owner);
    }
  }

  /** Vectors may be stored as rows, and MatMul's weight may have batch axes in front. */
  private int channelAxis(OperatorNode node, ParameterSlot slot, String tensor) {
    boolean last = !slot.kind().equals("weight") || node.type().equals("MatMul");
    return last ? graph.initializer(tensor).rank() - 1 : slot.channelAxis().applyAsInt(node);
  }

  private void addActivations(OperatorNode node) {
    for (int i = 0; i < node.inputs().size(); i++) {
      String tensor = node.input(i);
      if (graph.isInitializer(tensor)
          && quantizable.contains(tensor)
          && (bounds || OperatorFamilies.isData(node, i))
          && !isParameter(tensor)) {
        add(tensor, Source.CONSTANT, Kind.ACTIVATION, "not in model_input")
            .owners
            .add(Owner.of(node));
      }
    }
    if (OperatorFamilies.hasOutputQuantizer(node)) {
      for (String tensor : node.outputs()) {
        if (quantizable.contains(tensor)) {
          add(tensor, Source.OUTPUT, Kind.ACTIVATION, "not in defaults.ops")
              .owners
              .add(Owner.of(node));
        }
      }
    }
  }

  private boolean isParameter(String tensor) {
    @Nullable QuantizerState state = states.get(tensor);
    return state != null && state.source == Source.PARAMETER;
  }

  Graph graph() {
    return graph;
  }

  /** The normalizations written out in single operators, where the config asks for them. */
  List<DecomposedNorm> norms() {
    return norms;
  }

  Collection<QuantizerState> all() {
    return states.values();
  }

  Optional<QuantizerState> get(String tensor) {
    return Optional.ofNullable(states.get(tensor));
  }

  /** The quantizers of the activations a node reads. */
  List<QuantizerState> inputs(OperatorNode node) {
    return node.inputs().stream()
        .map(states::get)
        .filter(Objects::nonNull)
        .filter(state -> state.source != Source.PARAMETER)
        .toList();
  }

  /** The quantizers of the tensors a node writes. */
  List<QuantizerState> outputs(OperatorNode node) {
    return node.outputs().stream().map(states::get).filter(Objects::nonNull).toList();
  }
}
