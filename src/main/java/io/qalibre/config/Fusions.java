package io.qalibre.config;

import io.qalibre.config.QuantizerState.Owner;
import io.qalibre.config.QuantizerState.Source;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerPlacement.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What the target computes in one step: the supergroups, chains of operators of which only the last
 * keeps its output quantizer, and the passes, fusions that are no plain chain.
 */
final class Fusions {
  private static final String MATMUL_ADD = "MatmulAdd";

  private final RuntimeConfig config;
  private final QuantizerTable table;
  private final Graph graph;
  private final Map<OperatorNode, OperatorNode> matmulAdds = new LinkedHashMap<>();

  Fusions(RuntimeConfig config, QuantizerTable table) {
    this.config = config;
    this.table = table;
    graph = table.graph();
    if (config.fusion().passes().contains(MATMUL_ADD)) {
      findMatmulAdds();
    }
  }

  private void findMatmulAdds() {
    for (OperatorNode node : graph.operators()) {
      if (node.type().equals("MatMul") && isParameter(node.input(1))) {
        next(node)
            .filter(add -> add.type().equals("Add") && addend(node, add).isPresent())
            .ifPresent(add -> matmulAdds.put(node, add));
      }
    }
  }

  private boolean isParameter(String tensor) {
    return table.get(tensor).filter(s -> s.source == Source.PARAMETER).isPresent();
  }

  /** The vector that an Add adds to a node's output. */
  private Optional<QuantizerState> addend(OperatorNode node, OperatorNode add) {
    return add.inputs().stream()
        .filter(tensor -> !tensor.equals(node.output()) && graph.isInitializer(tensor))
        .filter(tensor -> graph.initializer(tensor).rank() == 1)
        .findFirst()
        .flatMap(table::get);
  }

  /** The only node that reads a node's output, where the graph does not give it out as well. */
  private Optional<OperatorNode> next(OperatorNode node) {
    if (!graph.hasSingleConsumer(node.output())) {
      return Optional.empty();
    }
    Node consumer = graph.consumers(node.output()).get(0);
    return Optional.of(consumer)
        .filter(OperatorNode.class::isInstance)
        .map(OperatorNode.class::cast);
  }

  /** Switches off the outputs inside the supergroups: longer chains first, no node in two. */
  void applySupergroups() {
    List<List<String>> chains = config.fusion().supergroups();
    Set<String> taken = new HashSet<>();
    if (!config.fusion().fusePasses()) {
      matmulAdds.forEach((matmul, add) -> taken.addAll(List.of(matmul.name(), add.name())));
      table.norms().forEach(norm -> norm.nodes().forEach(node -> taken.add(node.name())));
    }
    IntStream.range(0, chains.size())
        .boxed()
        .sorted(Comparator.comparing((Integer i) -> -chains.get(i).size()))
        .forEach(i -> apply(i, chains.get(i), taken));
  }

  private void apply(int index, List<String> chain, Set<String> taken) {
    String rule = "supergroups[" + index + "] " + String.join("+", chain);
    for (OperatorNode first : graph.operators()) {
      List<OperatorNode> match = match(first, chain, taken);
      match.forEach(node -> taken.add(node.name()));
      match.stream()
          .limit(chain.size() - 1L)
          .flatMap(node -> table.outputs(node).stream())
          .forEach(state -> state.enable(false, rule));
    }
  }

  /** The nodes of a chain that begins at a node; none where it does not match. */
  private List<OperatorNode> match(OperatorNode first, List<String> chain, Set<String> taken) {
    if (!first.type().equals(chain.get(0))
        || (!config.fusion().fuseDepthwise() && OperatorFamilies.isDepthwiseOr3d(graph, first))) {
      return List.of();
    }
    List<OperatorNode> match = new ArrayList<>();
    Optional<OperatorNode> node = Optional.of(first);
    for (String type : chain) {
      node =
          node.filter(n -> n.type().equals(type))
              .filter(n -> !taken.contains(n.name()))
              .filter(this::isFusible);
      if (node.isEmpty()) {
        return List.of();
      }
      match.add(node.get());
      node = next(node.get());
    }
    return match;
  }

  private boolean isFusible(OperatorNode node) {
    return !config.fusion().clipFromZero()
        || !node.type().equals("Clip")
        || OperatorFamilies.beginsAtZero(graph, node);
  }

  /** Switches off what lies inside the fusions that are no plain chain. */
  void applyPasses() {
    table.norms().forEach(this::apply);
    applyMatmulAdds();
  }

  private void apply(DecomposedNorm norm) {
    String rule = "supergroup_pass_list " + norm.type();
    norm.inner().stream()
        .flatMap(node -> table.outputs(node).stream())
        .forEach(state -> state.enable(false, rule));
    norm.otherInputs()
        .filter(graph::isInitializer)
        .flatMap(tensor -> table.get(tensor).stream())
        .forEach(state -> state.enable(false, rule));
  }

  /** Makes the constant added to a matrix product its bias, and the product's output internal. */
  private void applyMatmulAdds() {
    String rule = "supergroup_pass_list " + MATMUL_ADD;
    matmulAdds.forEach(
        (matmul, add) -> {
          table.outputs(matmul).forEach(state -> state.enable(false, rule));
          addend(matmul, add)
              .ifPresent(
                  bias -> {
                    bias.enable(false, rule);
                    if (bias.source == Source.CONSTANT && !bias.parameter()) {
                      bias.kind = Kind.BIAS;
                      bias.grid.symmetric = true;
                      bias.owners.add(0, biasOf(matmul, bias.tensor));
                    }
                  });
        });
  }

  private Owner biasOf(OperatorNode matmul, String bias) {
    return new Owner(matmul, matmul.type(), "bias", graph.initializer(bias).rank() - 1);
  }
}
