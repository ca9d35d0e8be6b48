package io.qalibre.config;

import io.qalibre.config.QuantizerState.Source;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.quant.Bounds;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Ties quantizers as AIMET does: targets compute some operators on one grid, that of their inputs
 * and that of their output.
 *
 * <ul>
 *   <li>Backward, from the last operator to the first: the inputs of a Concat or Scatter take the
 *       output's grid, through further such operators and those that hand values on. An input that
 *       something else reads as well keeps its own. Where all inputs have the same fixed range, the
 *       output takes it; where they differ, those with a fixed range keep their own grid.
 *   <li>Forward: an enabled output of Relu, AveragePool, Resize and Upsample takes the input's
 *       grid, which takes over what the output's asked for. Where the output has a fixed range and
 *       the input is read by others as well, or both have one and they differ, they stay apart.
 * </ul>
 */
final class TieRules {
  private static final Set<String> BACKWARD =
      Set.of("Concat", "Scatter", "ScatterElements", "ScatterND");
  private static final Set<String> FORWARD = Set.of("Relu", "AveragePool", "Resize", "Upsample");

  private final QuantizerTable table;
  private final Graph graph;
  private final EffectiveQuantizers effective;
  private final Set<OperatorNode> visited = new HashSet<>();

  TieRules(RuntimeConfig config, QuantizerTable table) {
    this.table = table;
    graph = table.graph();
    effective = new EffectiveQuantizers(table, config);
  }

  void apply() {
    List<OperatorNode> operators = graph.operators();
    for (int i = operators.size() - 1; i >= 0; i--) {
      OperatorNode node = operators.get(i);
      if (BACKWARD.contains(node.type())) {
        table
            .get(node.output())
            .filter(QuantizerState::enabled)
            .ifPresent(output -> backward(node, output));
      }
    }
    operators.stream().filter(node -> FORWARD.contains(node.type())).forEach(this::forward);
  }

  private void backward(OperatorNode root, QuantizerState output) {
    Set<QuantizerState> sources = new LinkedHashSet<>();
    Set<QuantizerGrid> seen = new LinkedHashSet<>();
    Deque<OperatorNode> stack = new ArrayDeque<>(List.of(root));
    while (!stack.isEmpty()) {
      OperatorNode node = stack.pop();
      if (visited.add(node)) {
        node.inputs().stream()
            .filter(effective::isFloat)
            .forEach(input -> input(input, sources, seen, stack));
      }
    }
    Set<Bounds> ranges = new HashSet<>();
    seen.forEach(grid -> ranges.add(grid.bounds));
    if (ranges.size() == 1) {
      QuantizerGrid first = seen.iterator().next();
      output.grid.bounds = first.bounds;
      output.grid.constraint = first.constraint;
    } else {
      sources.removeIf(source -> source.grid.bounds.any());
    }
    sources.forEach(source -> share(source, output.grid, root));
  }

  private void input(
      String tensor,
      Set<QuantizerState> sources,
      Set<QuantizerGrid> seen,
      Deque<OperatorNode> stack) {
    Optional<EffectiveQuantizers.Path> path = effective.path(tensor);
    path.ifPresent(p -> seen.add(p.state().grid));
    if (readers(tensor, path).size() > 1) {
      return;
    }
    path.ifPresent(p -> sources.add(p.state()));
    graph
        .producingOperator(tensor)
        .filter(node -> BACKWARD.contains(node.type()) || effective.preservesGrid(node))
        .ifPresent(stack::push);
  }

  /** What reads the values of a quantizer, beside the operators that hand them on to a tensor. */
  private Set<Node> readers(String tensor, Optional<EffectiveQuantizers.Path> path) {
    Set<Node> readers =
        new HashSet<>(graph.consumers(path.map(p -> p.state().tensor).orElse(tensor)));
    path.ifPresent(
        p -> {
          p.through()
              .forEach(node -> node.outputs().forEach(o -> readers.addAll(graph.consumers(o))));
          p.through().forEach(readers::remove);
        });
    return readers;
  }

  private void forward(OperatorNode node) {
    Optional<EffectiveQuantizers.Path> path = effective.path(node.input(0));
    for (QuantizerState output : table.outputs(node)) {
      // A weight that is also data has a grid for each channel, which data cannot have.
      if (path.isPresent() && path.get().state().source != Source.PARAMETER && output.enabled()) {
        tie(path.get(), output, node);
      }
    }
  }

  private void tie(EffectiveQuantizers.Path path, QuantizerState output, OperatorNode node) {
    QuantizerGrid input = path.state().grid;
    Bounds wanted = output.grid.bounds;
    boolean differ = wanted.any() && !wanted.equals(input.bounds);
    if (differ && (input.bounds.any() || isReadByOthers(path))) {
      return;
    }
    if (input != output.grid) {
      input.merge(output.grid);
      share(output, input, node);
    }
  }

  /** As AIMET counts: not what reads an operator's output of which the quantizer is disabled. */
  private boolean isReadByOthers(EffectiveQuantizers.Path path) {
    return graph.consumers(path.state().tensor).size() != 1
        || path.through().stream()
            .map(OperatorNode::output)
            .filter(tensor -> table.get(tensor).isEmpty())
            .anyMatch(tensor -> graph.consumers(tensor).size() != 1);
  }

  private static void share(QuantizerState state, QuantizerGrid grid, OperatorNode because) {
    if (state.grid != grid) {
      state.grid = grid;
      grid.ties.add(because.type());
    }
  }
}
