package io.qalibre.config;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the quantizer whose grid a tensor's values lie on: its own, or the nearest one before
 * operators that hand values on unchanged.
 */
final class EffectiveQuantizers {
  private final QuantizerTable table;
  private final Graph graph;
  private final Set<String> floats;
  private final boolean keepGrids;

  EffectiveQuantizers(QuantizerTable table, RuntimeConfig config) {
    this.table = table;
    keepGrids = config.deviations().keepGrids();
    graph = table.graph();
    floats = FloatTensors.of(graph);
  }

  /**
   * A quantizer and how it is reached.
   *
   * @param state the quantizer, enabled
   * @param through the operators between its tensor and the one asked for, the last one first
   */
  record Path(QuantizerState state, List<OperatorNode> through) {}

  boolean isFloat(String tensor) {
    return floats.contains(tensor);
  }

  Optional<QuantizerState> of(String tensor) {
    return path(tensor).map(Path::state);
  }

  Optional<Path> path(String tensor) {
    List<OperatorNode> through = new ArrayList<>();
    String at = tensor;
    while (true) {
      Optional<QuantizerState> own = table.get(at).filter(QuantizerState::enabled);
      if (own.isPresent()) {
        return Optional.of(new Path(own.get(), List.copyOf(through)));
      }
      Optional<OperatorNode> producer = graph.producingOperator(at).filter(this::handsOn);
      if (producer.isEmpty()) {
        return Optional.empty();
      }
      through.add(producer.get());
      at = producer.get().input(0);
    }
  }

  private boolean handsOn(OperatorNode node) {
    return node.hasInput(0) && (preservesGrid(node) || isFloatCast(node));
  }

  boolean preservesGrid(OperatorNode node) {
    return keepGrids ? OperatorFamilies.handsValuesOn(node) : OperatorFamilies.preservesGrid(node);
  }

  private boolean isFloatCast(OperatorNode node) {
    return node.type().equals("Cast") && isFloat(node.input(0)) && isFloat(node.output());
  }
}
