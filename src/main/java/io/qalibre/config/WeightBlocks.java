package io.qalibre.config;

import io.qalibre.config.QuantizerState.Owner;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.quant.Granularity;
import java.util.Optional;

/** Cuts weights into blocks of input channels: along axis 1 of a Conv's, −2 of a MatMul's … */
final class WeightBlocks {
  private final Graph graph;

  WeightBlocks(Graph graph) {
    this.graph = graph;
  }

  /** Whether a quantizer's tensor is a weight with axes for input and output channels. */
  boolean divisible(QuantizerState state) {
    return state.kind == Kind.WEIGHT && layer(state).isPresent();
  }

  /**
   * The grids of a weight.
   *
   * @throws QalibreException if the blocks do not divide it
   */
  Granularity.PerBlock of(QuantizerState state, QuantizerEdit.Blocks edit) {
    Owner layer = layer(state).orElseThrow();
    int axis = blockAxis(layer);
    long size = graph.initializer(state.tensor).sizes()[axis];
    if (size % edit.blockSize() != 0) {
      throw new QalibreException(
          "blocks of weight `%s`: expected a block size that divides the %d input channels of axis %d, found %d"
              .formatted(state.tensor, size, axis, edit.blockSize()));
    }
    return new Granularity.PerBlock(layer.channelAxis(), axis, edit.blockSize(), edit.scaleBits());
  }

  private Optional<Owner> layer(QuantizerState state) {
    return state.owners.stream()
        .filter(owner -> owner.kind().equals("weight"))
        .filter(owner -> graph.initializer(state.tensor).rank() >= 2)
        .filter(
            owner ->
                switch (owner.type()) {
                  case "Conv", "ConvTranspose", "Gemm", "MatMul" -> true;
                  default -> false;
                })
        .findFirst();
  }

  private static int blockAxis(Owner layer) {
    return switch (layer.type()) {
      case "Conv" -> 1;
      case "MatMul" -> layer.channelAxis() - 1;
      case "Gemm" -> 1 - layer.channelAxis();
      default -> 0;
    };
  }
}
