package io.qalibre.export;

import io.qalibre.graph.OperatorNode;
import java.util.Optional;

/**
 * The axes of a weight that files leave to the operator.
 *
 * @param channel the axis of the output channels
 * @param block the axis that blocks lie along: that of the input channels
 */
record WeightAxes(int channel, int block) {
  /** The axes of the weight of an operator that multiplies by it. */
  static Optional<WeightAxes> of(OperatorNode node, int rank) {
    return switch (node.type()) {
      case "Conv" -> Optional.of(new WeightAxes(0, 1));
      case "ConvTranspose" -> Optional.of(new WeightAxes(1, 0));
      case "Gemm" ->
          Optional.of(
              node.attributes().flag("transB", false)
                  ? new WeightAxes(0, 1)
                  : new WeightAxes(1, 0));
      case "MatMul" ->
          rank < 2 ? Optional.empty() : Optional.of(new WeightAxes(rank - 1, rank - 2));
      default -> Optional.empty();
    };
  }
}
