package io.qalibre.engine;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorFacts;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Replaces what a network computes from constants alone by its values: a weight that is transposed
 * or reshaped before a layer becomes an initializer, and can be quantized as the layer's weight.
 *
 * <p>Every tensor that is left keeps its name. {@code Identity} and {@code Dropout} stay, as do
 * nodes that write an output of the network and nodes whose values would make it larger by more
 * than {@value #MOST_BYTES} bytes in all.
 */
public final class ConstantFolding {
  /** The bytes by which folding may make a network larger: 64 MiB. */
  static final long MOST_BYTES = 64L << 20;

  private static final Set<String> KEPT = Set.of("Identity", "Dropout");

  private final Graph graph;
  private final TensorFacts facts;
  private final Set<OperatorNode> folded = new LinkedHashSet<>();
  private double room;

  private ConstantFolding(Graph graph, double room) {
    this.graph = graph;
    this.facts = ShapeInference.facts(graph);
    this.room = room;
  }

  /**
   * Folds constants. A network without any that can be folded is given back as it is.
   *
   * @param graph a graph of operators of the catalogue
   * @throws io.qalibre.errors.QalibreException if shapes do not go together, or the constants
   *     cannot be computed
   */
  public static Graph fold(Graph graph) {
    Graph result = graph;
    double room = MOST_BYTES;
    while (true) {
      ConstantFolding pass = new ConstantFolding(result, room);
      pass.choose();
      if (pass.folded.isEmpty()) {
        return result;
      }
      // With these values the shapes of further constants are known.
      result = pass.fold();
      room = pass.room;
    }
  }

  /** Chooses the nodes to fold, of which the sizes are known before anything is computed. */
  private void choose() {
    Set<String> constant = new HashSet<>(graph.initializers().keySet());
    for (OperatorNode node : graph.operators()) {
      if (foldable(node, constant)) {
        double growth = growth(node);
        if (growth <= room) {
          room -= growth;
          folded.add(node);
          constant.addAll(node.outputs());
        }
      }
    }
  }

  private boolean foldable(OperatorNode node, Set<String> constant) {
    List<String> inputs = given(node.inputs());
    return !KEPT.contains(node.type())
        && !inputs.isEmpty()
        && constant.containsAll(inputs)
        && given(node.outputs()).stream()
            .noneMatch(output -> graph.isOutput(output) || !shape(output).known());
  }

  /** The bytes of a node's outputs without those of the inputs that nothing else reads. */
  private double growth(OperatorNode node) {
    double written = given(node.outputs()).stream().mapToDouble(this::bytes).sum();
    double freed =
        given(node.inputs()).stream()
            .filter(graph::hasSingleConsumer)
            .mapToDouble(this::bytes)
            .sum();
    return Math.max(0, written - freed);
  }

  private TensorShape shape(String tensor) {
    return facts.shapes().getOrDefault(tensor, TensorShape.of(-1));
  }

  private DataType type(String tensor) {
    return facts.types().getOrDefault(tensor, DataType.FLOAT);
  }

  /** As a floating-point number, since a file may claim more than a long holds. */
  private double bytes(String tensor) {
    double count = type(tensor).bytes();
    for (long size : shape(tensor).sizes()) {
      count *= size;
    }
    return count;
  }

  private Graph fold() {
    Map<String, Tensor> values = values();
    Set<String> read = new HashSet<>();
    List<Node> left = graph.nodes().stream().filter(node -> !folded.contains(node)).toList();
    left.forEach(node -> read.addAll(node.inputs()));
    Set<String> gone =
        folded.stream()
            .flatMap(node -> node.inputs().stream())
            .filter(tensor -> !read.contains(tensor) && !graph.isOutput(tensor))
            .collect(Collectors.toSet());
    GraphBuilder builder = graph.toBuilder().nodes(left).withoutInitializers(gone);
    values.forEach(builder::initializer);
    return builder.build();
  }

  /** The values of the tensors that folded nodes write and others read. */
  private Map<String, Tensor> values() {
    List<String> wanted = new ArrayList<>();
    GraphBuilder part =
        new GraphBuilder(graph.name()).info(graph.info()).nodes(List.copyOf(folded));
    for (OperatorNode node : folded) {
      given(node.inputs()).stream()
          .filter(graph::isInitializer)
          .forEach(tensor -> part.initializer(tensor, graph.initializer(tensor)));
      given(node.outputs()).stream()
          .filter(tensor -> !folded.containsAll(graph.consumers(tensor)))
          .forEach(wanted::add);
    }
    if (wanted.isEmpty()) {
      return Map.of();
    }
    wanted.forEach(tensor -> part.output(new ValueInfo(tensor, type(tensor), shape(tensor))));
    return Runner.run(Simulation.of(part.build()), Map.of());
  }

  private static List<String> given(List<String> tensors) {
    return tensors.stream().filter(tensor -> !tensor.isEmpty()).toList();
  }
}
