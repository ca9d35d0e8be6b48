package io.qalibre.config;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds normalizations that are written out in single operators, as exporters write them for
 * operator sets without LayerNormalization (17) or RMSNormalization (23):
 *
 * <ul>
 *   <li>layer normalization: c = x − mean(x); c / √(mean(c²) + ε) · γ + β
 *   <li>RMS normalization: x / √(mean(x²) + ε) · γ
 * </ul>
 *
 * <p>The square is a Pow or a Mul, the division a Div or a multiplication with the reciprocal; γ
 * and β are constants and may be missing. Nothing else may read the tensors between.
 */
public final class DecomposedNorms {
  /** The pass that finds layer normalizations. */
  public static final String LAYER = "LayerNormalization";

  /** The pass that finds RMS normalizations. */
  public static final String RMS = "RMSNormalization";

  private final Graph graph;
  private final List<DecomposedNorm> found = new ArrayList<>();
  private final Set<OperatorNode> taken = new HashSet<>();

  private DecomposedNorms(Graph graph) {
    this.graph = graph;
  }

  /**
   * Those of a graph without quantizers that the passes of a config ask for; a layer normalization
   * is no RMS normalization.
   *
   * @param graph a float network
   * @param passes {@link #LAYER}, {@link #RMS}; others find nothing here
   */
  public static List<DecomposedNorm> find(Graph graph, List<String> passes) {
    DecomposedNorms norms = new DecomposedNorms(graph);
    if (passes.contains(LAYER)) {
      graph.operators().forEach(node -> norms.layer(node).ifPresent(norms::add));
    }
    if (passes.contains(RMS)) {
      graph.operators().forEach(node -> norms.rms(node).ifPresent(norms::add));
    }
    return List.copyOf(norms.found);
  }

  private void add(DecomposedNorm norm) {
    if (norm.nodes().stream().noneMatch(taken::contains)) {
      taken.addAll(norm.nodes());
      found.add(norm);
    }
  }

  private Optional<DecomposedNorm> layer(OperatorNode mean) {
    OperatorNode center = mean.type().equals("ReduceMean") ? onlyReader(mean) : null;
    if (center == null
        || !center.type().equals("Sub")
        || !center.input(0).equals(mean.input(0))
        || !center.input(1).equals(mean.output())
        || graph.isOutput(center.output())) {
      return Optional.empty();
    }
    Set<OperatorNode> readers = readers(center.output());
    return readers.stream()
        .filter(square -> isSquareOf(square, center.output()))
        .flatMap(square -> normalized(square, center.output()).stream())
        .filter(nodes -> readers.stream().allMatch(nodes::contains))
        .findFirst()
        .map(
            nodes -> {
              List<OperatorNode> all = new ArrayList<>(List.of(mean, center));
              all.addAll(nodes);
              return withAffine(LAYER, all);
            });
  }

  private Optional<DecomposedNorm> rms(OperatorNode square) {
    return isSquareOf(square, square.hasInput(0) ? square.input(0) : "")
        ? normalized(square, square.input(0)).map(nodes -> withAffine(RMS, nodes))
        : Optional.empty();
  }

  /** Of a tensor's square, the nodes up to the tensor divided by its root mean square. */
  private Optional<List<OperatorNode>> normalized(OperatorNode square, String tensor) {
    List<OperatorNode> nodes = new ArrayList<>(List.of(square));
    @Nullable OperatorNode node = square;
    for (String type : List.of("ReduceMean", "Add", "Sqrt")) {
      node = onlyReader(node);
      if (node == null
          || !node.type().equals(type)
          || (type.equals("Add") && constantBeside(node, nodes.get(1).output()) == null)) {
        return Optional.empty();
      }
      nodes.add(node);
    }
    String root = node.output();
    OperatorNode next = onlyReader(node);
    if (next != null && isReciprocalOf(next, root)) {
      nodes.add(next);
      OperatorNode product = onlyReader(next);
      if (product == null || !product.type().equals("Mul") || !product.inputs().contains(tensor)) {
        return Optional.empty();
      }
      nodes.add(product);
      return Optional.of(nodes);
    }
    if (next == null
        || !next.type().equals("Div")
        || !next.inputs().equals(List.of(tensor, root))) {
      return Optional.empty();
    }
    nodes.add(next);
    return Optional.of(nodes);
  }

  private DecomposedNorm withAffine(String type, List<OperatorNode> normalized) {
    List<OperatorNode> nodes = new ArrayList<>(normalized);
    String scale = follow(nodes, "Mul");
    String bias = scale != null && type.equals(LAYER) ? follow(nodes, "Add") : null;
    return new DecomposedNorm(type, nodes, scale, bias);
  }

  /** Adds the operator that combines the last output with a constant, and gives the constant. */
  private @Nullable String follow(List<OperatorNode> nodes, String type) {
    List<OperatorNode> next = new ArrayList<>();
    OperatorNode node = nodes.get(nodes.size() - 1);
    OperatorNode reader = onlyReader(node);
    while (reader != null && reader.type().equals("Cast")) {
      next.add(reader);
      node = reader;
      reader = onlyReader(reader);
    }
    if (reader == null || !reader.type().equals(type)) {
      return null;
    }
    String constant = constantBeside(reader, node.output());
    if (constant != null) {
      nodes.addAll(next);
      nodes.add(reader);
    }
    return constant;
  }

  private boolean isSquareOf(OperatorNode node, String tensor) {
    return switch (node.type()) {
      case "Mul" -> node.inputs().equals(List.of(tensor, tensor));
      case "Pow" -> node.input(0).equals(tensor) && isConstant(node.input(1), 2);
      default -> false;
    };
  }

  private boolean isReciprocalOf(OperatorNode node, String tensor) {
    return switch (node.type()) {
      case "Reciprocal" -> node.input(0).equals(tensor);
      case "Div" -> isConstant(node.input(0), 1) && node.input(1).equals(tensor);
      default -> false;
    };
  }

  private boolean isConstant(String tensor, double value) {
    Tensor constant = graph.initializers().get(tensor);
    if (constant == null || constant.size() != 1) {
      return false;
    }
    return constant.type() == DataType.FLOAT
        ? constant.floatView().get(0) == value
        : constant.longs()[0] == value;
  }

  /** The float constant that a node of two inputs reads beside a tensor. */
  private @Nullable String constantBeside(OperatorNode node, String tensor) {
    String other = node.input(node.input(0).equals(tensor) ? 1 : 0);
    Tensor constant = graph.initializers().get(other);
    return constant != null && constant.type() == DataType.FLOAT ? other : null;
  }

  private @Nullable OperatorNode onlyReader(OperatorNode node) {
    Set<OperatorNode> readers = readers(node.output());
    return readers.size() == 1 && !graph.isOutput(node.output()) ? readers.iterator().next() : null;
  }

  private Set<OperatorNode> readers(String tensor) {
    Set<OperatorNode> readers = new HashSet<>();
    for (Node node : graph.consumers(tensor)) {
      readers.add((OperatorNode) node);
    }
    return readers;
  }
}
