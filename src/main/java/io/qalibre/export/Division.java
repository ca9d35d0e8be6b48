package io.qalibre.export;

import io.qalibre.quant.Granularity;
import io.qalibre.quant.Granularity.PerBlock;
import io.qalibre.quant.Granularity.PerChannel;
import java.util.Arrays;
import java.util.List;

/**
 * How an entry of an encodings file divides its tensor among grids, as far as its version says.
 *
 * @param form what has a grid
 * @param dims the sizes of the lists of scales, from the outer to the inner; none for one number
 * @param axis the channel axis, or the blocks'; {@link #NOT_SAID} in versions before 2.0.0
 * @param blockSize the length of a block; 0 without blocks
 * @param scaleBits bits of a block's multiple (LPBQ); 0 without
 */
record Division(Form form, List<Integer> dims, int axis, int blockSize, int scaleBits) {
  /** The axis of an entry that does not name it. */
  static final int NOT_SAID = Integer.MIN_VALUE;

  /** What has a grid of its own. */
  enum Form {
    TENSOR,
    CHANNEL,
    BLOCK,
    /** Version 0.6.1 lists grids without saying of what. */
    SOME_PART
  }

  static Division whole() {
    return new Division(Form.TENSOR, List.of(), NOT_SAID, 0, 0);
  }

  /** Whether the entry is one for a tensor that is divided so. */
  boolean fits(Granularity granularity, long[] sizes) {
    int count = granularity.count(sizes);
    return switch (form) {
      case TENSOR -> granularity == Granularity.PER_TENSOR;
      case SOME_PART -> scaleBits(granularity) == 0 && dims.equals(List.of(count));
      case CHANNEL ->
          granularity instanceof PerChannel
              && dims.equals(List.of(count))
              && isAxis(granularity.axis(), sizes);
      case BLOCK ->
          granularity instanceof PerBlock blocks
              && blocks.blockSize() == blockSize
              && blocks.scaleBits() == scaleBits
              && isAxis(blocks.blockAxis(), sizes)
              && (dims.equals(List.of(count))
                  || dims.equals(new BlockLayout(blocks, sizes).dims()));
    };
  }

  private boolean isAxis(int expected, long[] sizes) {
    return axis == NOT_SAID || axis == expected || axis + sizes.length == expected;
  }

  private static int scaleBits(Granularity granularity) {
    return granularity instanceof PerBlock blocks ? blocks.scaleBits() : 0;
  }

  /** How errors name it. */
  String label() {
    String onAxis = axis == NOT_SAID ? "" : " on axis " + axis;
    return switch (form) {
      case TENSOR -> "per tensor";
      case SOME_PART -> dims.get(0) == 1 ? "one grid" : dims.get(0) + " grids";
      case CHANNEL -> dims.get(0) + " channels" + onAxis;
      case BLOCK -> blocks(blockSize, scaleBits) + onAxis + ", scales of " + dims;
    };
  }

  /** How errors name what a quantizer expects. */
  static String label(Granularity granularity, long[] sizes) {
    if (granularity instanceof PerBlock blocks) {
      return blocks(blocks.blockSize(), blocks.scaleBits())
          + " on axis "
          + blocks.blockAxis()
          + " of "
          + Arrays.toString(sizes);
    }
    return granularity instanceof PerChannel
        ? granularity.count(sizes) + " channels on axis " + granularity.axis()
        : "per tensor";
  }

  private static String blocks(int size, int bits) {
    return "blocks of " + size + (bits > 0 ? " with multiples of " + bits + " bits" : "");
  }
}
