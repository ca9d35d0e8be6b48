package io.qalibre.ptq;

import io.qalibre.config.DecomposedNorm;
import io.qalibre.config.DecomposedNorms;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A layer or RMS normalization, an operator or written out in several.
 *
 * @param last the operator that writes the result
 * @param scale what multiplies the normalized values, or null where nothing does
 * @param shift what is added then, or null
 */
record Normalization(OperatorNode last, @Nullable Parameter scale, @Nullable Parameter shift) {
  private static final Set<String> TYPES = Set.of("LayerNormalization", "RMSNormalization");

  /**
   * A parameter at the place where it is read.
   *
   * @param node the operator
   * @param input which of its inputs
   */
  record Parameter(OperatorNode node, int input) {
    String tensor() {
      return node.input(input);
    }
  }

  /** Those of a float network, in order of execution. */
  static List<Normalization> of(Graph graph) {
    Map<String, DecomposedNorm> written = new HashMap<>();
    for (DecomposedNorm norm :
        DecomposedNorms.find(graph, List.of(DecomposedNorms.LAYER, DecomposedNorms.RMS))) {
      written.put(norm.last().name(), norm);
    }
    List<Normalization> norms = new ArrayList<>();
    for (OperatorNode node : graph.operators()) {
      DecomposedNorm norm = written.get(node.name());
      if (norm != null) {
        norms.add(
            new Normalization(
                node, parameter(norm, "Mul", norm.scale()), parameter(norm, "Add", norm.bias())));
      } else if (TYPES.contains(node.type())) {
        Parameter shift = node.hasInput(2) ? new Parameter(node, 2) : null;
        norms.add(new Normalization(node, new Parameter(node, 1), shift));
      }
    }
    return norms;
  }

  /** The last operator of a type that reads a constant; ε may be the same as another one. */
  private static @Nullable Parameter parameter(
      DecomposedNorm norm, String type, @Nullable String constant) {
    return constant == null
        ? null
        : norm.nodes().stream()
            .filter(node -> node.type().equals(type) && node.inputs().contains(constant))
            .reduce((earlier, later) -> later)
            .map(node -> new Parameter(node, node.inputs().indexOf(constant)))
            .orElseThrow();
  }

  String name() {
    return last.name();
  }

  String output() {
    return last.output();
  }

  /**
   * The axis along which the parameters are constants with a value for each channel, counted from
   * 0; empty where they are something else.
   *
   * @param rank of the output
   */
  OptionalInt channelAxis(Graph graph, int rank) {
    OptionalInt axis = axis(graph, scale, rank);
    return shift == null || axis.equals(axis(graph, shift, rank)) ? axis : OptionalInt.empty();
  }

  private static OptionalInt axis(Graph graph, @Nullable Parameter parameter, int rank) {
    return Optional.ofNullable(parameter)
        .map(p -> graph.initializers().get(p.tensor()))
        .filter(value -> value.type() == DataType.FLOAT)
        .map(value -> axis(value, rank))
        .orElse(OptionalInt.empty());
  }

  /** The only axis of a constant that is longer than 1, as it is broadcast. */
  private static OptionalInt axis(Tensor value, int rank) {
    int[] axes = IntStream.range(0, value.rank()).filter(axis -> value.sizes()[axis] > 1).toArray();
    return axes.length == 1 ? OptionalInt.of(rank - value.rank() + axes[0]) : OptionalInt.empty();
  }
}
