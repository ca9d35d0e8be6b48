package io.qalibre.export;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A Softmax whose masked inputs are replaced by what lies far below their smallest:
 * Softmax(Where(m, x, ReduceMin(x) + b)) over the last of four axes, b at most −20. Qualcomm's
 * converter fuses it only where the smallest has no encoding, so AIMET derives none.
 */
final class MaskedSoftmax {
  private static final float LARGEST_SHIFT = -20;

  private MaskedSoftmax() {}

  /** Whether an operator computes the smallest input of such a Softmax. */
  static boolean hasSmallest(Graph graph, OperatorNode node) {
    return node.type().equals("ReduceMin")
        && isLastAxis(graph, node)
        && reader(graph, node, "Add")
            .filter(add -> isFarBelow(graph, add, node.output()))
            .flatMap(add -> reader(graph, add, "Where"))
            .flatMap(where -> reader(graph, where, "Softmax"))
            .filter(softmax -> isLast(softmax.attributes().integer("axis", 0)))
            .isPresent();
  }

  private static boolean isLastAxis(Graph graph, OperatorNode node) {
    @Nullable Tensor axes = node.hasInput(1) ? graph.initializers().get(node.input(1)) : null;
    return axes != null && axes.size() == 1 && isLast(axes.longs()[0]);
  }

  private static boolean isLast(long axis) {
    return axis == -1 || axis == 3;
  }

  private static boolean isFarBelow(Graph graph, OperatorNode add, String smallest) {
    return add.inputs().stream()
        .filter(input -> !input.equals(smallest))
        .map(graph.initializers()::get)
        .anyMatch(
            shift ->
                shift != null
                    && shift.type() == DataType.FLOAT
                    && shift.size() == 1
                    && shift.floatView().get(0) <= LARGEST_SHIFT);
  }

  /** The only operator that reads an output, where it is of a type. */
  private static Optional<OperatorNode> reader(Graph graph, OperatorNode node, String type) {
    List<Node> readers = graph.consumers(node.output());
    return readers.size() == 1
            && readers.get(0) instanceof OperatorNode operator
            && operator.type().equals(type)
        ? Optional.of(operator)
        : Optional.empty();
  }
}
