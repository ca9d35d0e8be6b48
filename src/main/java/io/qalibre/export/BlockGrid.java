package io.qalibre.export;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Channels;
import io.qalibre.quant.Granularity;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The scales of blocks, since operator set 21: in the constant's shape, but for the axis that is
 * cut into blocks.
 *
 * @param granularity channel axis, block axis and size of a block
 * @param scales which scale is that of each grid, in the granularity's order
 */
record BlockGrid(Granularity.PerBlock granularity, int[] scales) {

  /**
   * The blocks of a node.
   *
   * @param scale the scales
   * @param zeros as many zero points
   * @param shape the sizes of the constant
   * @throws QalibreException if shapes and attributes do not go together, or the scales differ
   *     along more axes than the blocks' and one other
   */
  static BlockGrid of(OperatorNode node, Tensor scale, long[] zeros, long[] shape) {
    long given = node.attributes().integer("axis", 1);
    int axis = (int) (given < 0 ? given + shape.length : given);
    long size = node.attributes().integer("block_size", 0);
    if (!fits(scale.sizes(), shape, axis, size)) {
      throw QdqPairs.error(
          node,
          "scales of blocks that divide axis %d of the constant %s"
              .formatted(given, Arrays.toString(shape)),
          "scales " + scale.shape() + " and block_size " + size);
    }
    float[] scales = scale.floats();
    return IntStream.range(0, shape.length)
        .filter(channels -> channels != axis)
        // The axis that has several scales before one that has not.
        .boxed()
        .sorted((a, b) -> Long.compare(Math.min(2, shape[b]), Math.min(2, shape[a])))
        .map(channels -> new Granularity.PerBlock(channels, axis, (int) size, 0))
        .map(blocks -> new BlockGrid(blocks, firsts(blocks, scale.sizes())))
        .filter(grid -> grid.explains(scales, zeros, scale.sizes()))
        .findFirst()
        .orElseThrow(
            () ->
                QdqPairs.error(
                    node,
                    "scales that differ along the axis of blocks and one axis of channels",
                    "scales " + scale.shape() + " that differ along others too"));
  }

  private static boolean fits(long[] scale, long[] shape, int axis, long size) {
    if (scale.length != shape.length
        || shape.length < 2
        || axis < 0
        || axis >= shape.length
        || size < 1
        || size > Integer.MAX_VALUE
        || shape[axis] % size != 0) {
      return false;
    }
    long[] expected = shape.clone();
    expected[axis] /= size;
    return Arrays.equals(scale, expected);
  }

  /** The place of the first scale of each grid. */
  private static int[] firsts(Granularity.PerBlock blocks, long[] sizes) {
    int channels = (int) sizes[blocks.axis()];
    int perChannel = (int) sizes[blocks.blockAxis()];
    int channelStride = Channels.stride(sizes, blocks.axis());
    int blockStride = Channels.stride(sizes, blocks.blockAxis());
    return IntStream.range(0, channels * perChannel)
        .map(grid -> grid / perChannel * channelStride + grid % perChannel * blockStride)
        .toArray();
  }

  /** The scales of the grids. */
  float[] of(float[] all) {
    float[] own = new float[scales.length];
    for (int i = 0; i < own.length; i++) {
      own[i] = all[scales[i]];
    }
    return own;
  }

  /** The zero points of the grids. */
  long[] of(long[] all) {
    return Arrays.stream(scales).mapToLong(i -> all[i]).toArray();
  }

  private boolean explains(float[] all, long[] zeros, long[] sizes) {
    Granularity single =
        new Granularity.PerBlock(granularity.axis(), granularity.blockAxis(), 1, 0);
    return IntStream.range(0, all.length)
        .allMatch(
            i -> {
              int first = scales[single.grid(i, sizes)];
              return all[i] == all[first] && zeros[i] == zeros[first];
            });
  }
}
