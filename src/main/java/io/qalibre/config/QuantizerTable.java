package io.qalibre.config;

import io.qalibre.config.QuantizerState.Owner;
import io.qalibre.config.QuantizerState.Source;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.ValueInfo;
import io.qalibre.graph.op.ParameterSlot;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The quantizers that a graph can have, all disabled, in order of execution. */
final class QuantizerTable {
  private final Graph graph;
  private final Map<String, QuantizerState> states = new LinkedHashMap<>();

  QuantizerTable(Graph graph) {
    this.graph = graph;
    Set<String> floats = OperatorFamilies.floats(graph);
    for (ValueInfo input : graph.inputs()) {
      if (floats.contains(input.name())) {
        add(input.name(), Source.INPUT, Kind.ACTIVATION, "not in model_input");
      }
    }
    // Parameters first: a tensor that is a parameter anywhere is one everywhere.
    graph.operators().forEach(node -> addParameters(node, floats));
    graph.operators().forEach(node -> addActivations(node, floats));
  }

  private QuantizerState add(String tensor, Source source, Kind kind, String rule) {
    return states.computeIfAbsent(tensor, t -> new QuantizerState(t, source, kind, rule));
  }

  private void addParameters(OperatorNode node, Set<String> floats) {
    Map<Integer, ParameterSlot> slots = OperatorFamilies.parameters(node);
    for (int i = 0; i < node.inputs().size(); i++) {
      ParameterSlot slot = slots.get(i);
      String tensor = node.input(i);
      if (slot != null && graph.isInitializer(tensor) && floats.contains(tensor)) {
        Kind kind = slot.kind().equals("bias") ? Kind.BIAS : Kind.WEIGHT;
        add(tensor, Source.PARAMETER, kind, "not in defaults.params")
            .owners
            .add(new Owner(node, slot.kind(), channelAxis(node, slot, tensor)));
      }
    }
  }

  /** Vectors may be stored as rows, and MatMul's weight may have batch axes in front. */
  private int channelAxis(OperatorNode node, ParameterSlot slot, String tensor) {
    boolean last = !slot.kind().equals("weight") || node.type().equals("MatMul");
    return last ? graph.initializer(tensor).rank() - 1 : slot.channelAxis().applyAsInt(node);
  }

  private void addActivations(OperatorNode node, Set<String> floats) {
    for (int i = 0; i < node.inputs().size(); i++) {
      String tensor = node.input(i);
      if (graph.isInitializer(tensor)
          && floats.contains(tensor)
          && OperatorFamilies.isData(node, i)
          && !isParameter(tensor)) {
        add(tensor, Source.CONSTANT, Kind.ACTIVATION, "not in model_input")
            .owners
            .add(Owner.of(node));
      }
    }
    if (OperatorFamilies.hasOutputQuantizer(node)) {
      for (String tensor : node.outputs()) {
        if (floats.contains(tensor)) {
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

  Collection<QuantizerState> all() {
    return states.values();
  }

  Optional<QuantizerState> get(String tensor) {
    return Optional.ofNullable(states.get(tensor));
  }

  /** The quantizers of the activations a node reads. */
  List<QuantizerState> inputs(OperatorNode node) {
    return IntStream.range(0, node.inputs().size())
        .filter(i -> OperatorFamilies.isData(node, i))
        .mapToObj(i -> states.get(node.input(i)))
        .filter(Objects::nonNull)
        .filter(state -> state.source != Source.PARAMETER)
        .toList();
  }

  /** The quantizers of the tensors a node writes. */
  List<QuantizerState> outputs(OperatorNode node) {
    return node.outputs().stream().map(states::get).filter(Objects::nonNull).toList();
  }
}
