package io.qalibre.export;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.TensorEncoding;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The scales and zero points of a QuantizeLinear or DequantizeLinear, in any version of the two:
 * one of each since operator set 10, one a channel of the {@code axis} since 13, one a block along
 * the axis since 21.
 */
final class LinearGrid {
  private final OperatorNode node;
  private final float[] scales;
  private final long[] zeros;
  private final Granularity granularity;

  private LinearGrid(OperatorNode node, float[] scales, long[] zeros, Granularity granularity) {
    this.node = node;
    this.scales = scales;
    this.zeros = zeros;
    this.granularity = granularity;
  }

  /**
   * The grid of a node.
   *
   * @param shape the sizes of the constant that is quantized; none for a computed tensor, which has
   *     one grid
   * @throws QalibreException if scales or zero points are computed, do not go together or with the
   *     shape
   */
  static LinearGrid of(Graph graph, OperatorNode node, long... shape) {
    Tensor scale = constant(graph, node, 1, "scale");
    if (scale.type() != DataType.FLOAT) {
      throw QdqPairs.error(node, "a scale of floats", scale.type().name());
    }
    float[] scales = scale.floats();
    long[] zeros = node.hasInput(2) ? zeros(graph, node) : new long[scales.length];
    if (zeros.length != scales.length) {
      throw QdqPairs.error(node, scales.length + " zero points, one a scale", "" + zeros.length);
    }
    if (scale.rank() <= 1 && node.attributes().integer("block_size", 0) == 0) {
      return new LinearGrid(node, scales, zeros, Granularity.ofAxis(axis(node, scale, shape)));
    }
    if (shape.length == 0) {
      throw QdqPairs.error(node, "one scale for a computed tensor", "scales of blocks");
    }
    BlockGrid blocks = BlockGrid.of(node, scale, zeros, shape);
    return new LinearGrid(node, blocks.of(scales), blocks.of(zeros), blocks.granularity());
  }

  private static long[] zeros(Graph graph, OperatorNode node) {
    Tensor zero = constant(graph, node, 2, "zero point");
    if (zero.type() == DataType.FLOAT) {
      throw QdqPairs.error(node, "a zero point of integers", zero.type().name());
    }
    return zero.longs();
  }

  private static Tensor constant(Graph graph, OperatorNode node, int input, String what) {
    Tensor found = graph.initializers().get(node.input(input));
    if (found == null) {
      throw QdqPairs.error(
          node, "a constant " + what, "`" + node.input(input) + "`, which is computed");
    }
    return found;
  }

  private static int axis(OperatorNode node, Tensor scale, long... shape) {
    long given = node.attributes().integer("axis", 1);
    long axis = given < 0 ? given + shape.length : given;
    boolean channels = axis >= 0 && axis < shape.length && shape[(int) axis] == scale.size();
    if (scale.size() == 1 && (scale.rank() == 0 || !channels)) {
      return Granularity.NO_AXIS;
    }
    if (shape.length == 0) {
      throw QdqPairs.error(node, "one scale for a computed tensor", scale.size() + " scales");
    }
    if (!channels) {
      throw QdqPairs.error(
          node,
          "as many scales as channels on axis " + given + " of " + Arrays.toString(shape),
          "" + scale.size());
    }
    return (int) axis;
  }

  /** The values that codes stand for: (code − zero point) · scale, rounded once. */
  Tensor dequantize(Tensor codes) {
    long[] integers = codes.longs();
    long[] shape = codes.sizes();
    int run = granularity.run(shape);
    float[] values = new float[integers.length];
    for (int start = 0; start < values.length; start += run) {
      int grid = granularity.grid(start, shape);
      for (int i = start; i < start + run; i++) {
        values[i] = (float) ((double) (integers[i] - zeros[grid]) * scales[grid]);
      }
    }
    return Tensor.of(values, codes.sizes());
  }

  /**
   * The encoding with all codes of a type.
   *
   * @throws QalibreException if the numbers make no grid
   */
  TensorEncoding encoding(CodeType type) {
    long steps = type.steps();
    boolean symmetric =
        Arrays.stream(zeros).allMatch(zero -> isMiddle(zero + type.middle(), steps));
    try {
      return new TensorEncoding(
          granularity,
          IntStream.range(0, scales.length)
              .mapToObj(
                  i ->
                      Encoding.of(
                          scales[i], -(zeros[i] + type.middle()), steps, type.bits(), symmetric))
              .toList());
    } catch (IllegalArgumentException e) {
      throw new QalibreException(QdqPairs.label(node) + ": " + e.getMessage(), e);
    }
  }

  /** Whether a zero point is where symmetric grids have it, strictly symmetric ones as well. */
  static boolean isMiddle(long zero, long steps) {
    return zero == (steps + 1) / 2;
  }
}
