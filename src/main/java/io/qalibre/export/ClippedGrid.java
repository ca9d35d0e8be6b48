package io.qalibre.export;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A grid with fewer codes than its type: {@link QdqGraph} keeps the others from being given out by
 * a Clip to the grid's ends, called {@code <tensor>_clipped}.
 *
 * @param clip the Clip
 * @param grid the grid with the codes that are left
 */
record ClippedGrid(OperatorNode clip, Encoding grid) {
  private static final String SUFFIX = "_clipped";

  /**
   * The grid of a tensor that is quantized, where such a Clip writes it.
   *
   * @param whole the grid with all codes of its type
   */
  static Optional<ClippedGrid> of(Graph graph, String tensor, Encoding whole) {
    if (!tensor.contains(SUFFIX)
        || !graph.hasSingleConsumer(tensor)
        || !(graph.producer(tensor).orElse(null) instanceof OperatorNode clip)
        || !clip.type().equals("Clip")
        || !clip.hasInput(1)
        || !clip.hasInput(2)) {
      return Optional.empty();
    }
    OptionalLong low = code(graph, clip.input(1), whole);
    OptionalLong high = code(graph, clip.input(2), whole);
    if (low.isEmpty() || high.isEmpty() || low.getAsLong() >= high.getAsLong()) {
      return Optional.empty();
    }
    long offset = whole.offset() + low.getAsLong();
    long steps = high.getAsLong() - low.getAsLong();
    if (offset > 0 || offset + steps < 0) {
      return Optional.empty();
    }
    int bits = Math.max(2, Long.SIZE - Long.numberOfLeadingZeros(steps));
    boolean symmetric = LinearGrid.isMiddle(-offset, steps);
    return Optional.of(
        new ClippedGrid(clip, Encoding.of(whole.scale(), offset, steps, bits, symmetric)));
  }

  /** The code of a bound that is exactly a value of the grid. */
  private static OptionalLong code(Graph graph, String bound, Encoding grid) {
    Tensor value = graph.initializers().get(bound);
    if (value == null || value.type() != DataType.FLOAT || value.size() != 1) {
      return OptionalLong.empty();
    }
    float number = value.floatView().get(0);
    long code = grid.quantize(number);
    return grid.dequantize(code) == number ? OptionalLong.of(code) : OptionalLong.empty();
  }
}
