package io.qalibre.config;

import io.qalibre.config.QuantizerState.Source;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.UniqueNames;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/** Puts quantizers into a graph as nodes and rewires what reads and writes their tensors. */
final class Wiring {
  private final QuantizerTable table;
  private final RuntimeConfig config;
  private final PlacementOptions options;
  private final TiedIds ids;
  private final Map<String, String> read = new HashMap<>();
  private final Map<String, String> written = new HashMap<>();
  private final Set<String> placed = new HashSet<>();
  private final List<Node> nodes = new ArrayList<>();

  Wiring(QuantizerTable table, RuntimeConfig config, PlacementOptions options) {
    this.table = table;
    this.config = config;
    this.options = options;
    ids = new TiedIds(table);
  }

  Graph graph() {
    Graph graph = table.graph();
    UniqueNames names = UniqueNames.ofTensors(graph);
    for (QuantizerState state : table.all()) {
      // An output of the graph keeps its name, so what is renamed is the tensor before it.
      if (state.source == Source.OUTPUT && graph.isOutput(state.tensor)) {
        written.put(state.tensor, names.get(state.tensor + "_raw"));
      } else {
        read.put(state.tensor, names.get(state.tensor + "_qdq"));
      }
    }
    graph.inputs().stream().map(ValueInfo::name).forEach(this::place);
    graph.initializers().keySet().stream()
        .filter(tensor -> graph.consumers(tensor).isEmpty())
        .forEach(this::place);
    for (OperatorNode node : graph.operators()) {
      placeConstants(node);
      nodes.add(node.withInputs(inputs(node)).withOutputs(outputs(node)));
      node.outputs().forEach(this::place);
    }
    return graph.toBuilder().nodes(nodes).build();
  }

  private void placeConstants(OperatorNode node) {
    node.inputs().stream().filter(table.graph()::isInitializer).forEach(this::place);
  }

  /** Adds the quantizer of a tensor, where it has one that has not been added yet. */
  private void place(String tensor) {
    table.get(tensor).filter(state -> placed.add(tensor)).map(this::node).ifPresent(nodes::add);
  }

  private QuantizerNode node(QuantizerState state) {
    return new QuantizerNode(
        ids.id(state),
        state.tensor,
        written.getOrDefault(state.tensor, state.tensor),
        read.getOrDefault(state.tensor, state.tensor),
        state.grid.spec(config.defaults().grids(), options.rounding()),
        state.placement(ids.tie(state)));
  }

  /** Constant bounds and sizes are read as they are, even where the constant is data elsewhere. */
  private List<String> inputs(OperatorNode node) {
    return IntStream.range(0, node.inputs().size())
        .mapToObj(
            i -> {
              String tensor = node.input(i);
              boolean constant = table.graph().isInitializer(tensor);
              return constant && !OperatorFamilies.isData(node, i)
                  ? tensor
                  : read.getOrDefault(tensor, tensor);
            })
        .toList();
  }

  private List<String> outputs(OperatorNode node) {
    return node.outputs().stream().map(t -> written.getOrDefault(t, t)).toList();
  }
}
