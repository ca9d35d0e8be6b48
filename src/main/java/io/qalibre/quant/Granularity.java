package io.qalibre.quant;

/** How a tensor is divided among grids, which lie in row-major order of channel and block. */
public sealed interface Granularity {
  /** The {@link #axis} where there are no channels. */
  int NO_AXIS = -1;

  /** One grid for the whole tensor. */
  Granularity PER_TENSOR = new PerTensor();

  /** The channel axis, or {@link #NO_AXIS}. */
  int axis();

  /**
   * The number of grids.
   *
   * @param shape the tensor's sizes
   * @throws IllegalArgumentException if the shape has no such axes, or is not whole blocks
   */
  int count(long[] shape);

  /**
   * The number of neighbouring elements, in row-major order, that certainly share a grid: every run
   * of so many from a multiple of it on.
   *
   * @return at least 1
   */
  int run(long[] shape);

  /** The grid of an element. */
  int grid(int element, long[] shape);

  /** One grid for each channel of an axis, or for the whole tensor where there is none. */
  static Granularity ofAxis(int axis) {
    return axis == NO_AXIS ? PER_TENSOR : new PerChannel(axis);
  }

  /** One grid for the whole tensor. */
  record PerTensor() implements Granularity {
    @Override
    public int axis() {
      return NO_AXIS;
    }

    @Override
    public int count(long[] shape) {
      return 1;
    }

    @Override
    public int run(long[] shape) {
      return Math.max(1, Channels.elements(shape));
    }

    @Override
    public int grid(int element, long[] shape) {
      return 0;
    }
  }

  /**
   * One grid for each channel.
   *
   * @param axis the channel axis, 0 to rank − 1
   */
  record PerChannel(int axis) implements Granularity {
    /** Checks the axis. */
    public PerChannel {
      Channels.requireAxis(axis);
    }

    @Override
    public int count(long[] shape) {
      return Channels.size(shape, axis);
    }

    @Override
    public int run(long[] shape) {
      return Channels.stride(shape, axis);
    }

    @Override
    public int grid(int element, long[] shape) {
      return element / Channels.stride(shape, axis) % count(shape);
    }
  }

  /**
   * One grid for each block of neighbours along an axis, within a channel (blockwise quantization).
   * All other axes belong to the block.
   *
   * @param axis the channel axis, 0 to rank − 1
   * @param blockAxis the axis that is cut into blocks, another one
   * @param blockSize the length of a block, which divides the size along {@code blockAxis}
   * @param scaleBits 0 where scales are floats; k where each is a whole multiple, 1 to 2^k, of one
   *     float a channel (low-power blockwise quantization, LPBQ)
   */
  record PerBlock(int axis, int blockAxis, int blockSize, int scaleBits) implements Granularity {
    /** Checks axes and sizes. */
    public PerBlock {
      Channels.requireAxis(axis);
      Channels.requireAxis(blockAxis);
      if (axis == blockAxis || blockSize < 1 || scaleBits < 0 || scaleBits > 16) {
        throw new IllegalArgumentException(
            "no blocks: channel axis %d, block axis %d, block size %d, scale bits %d"
                .formatted(axis, blockAxis, blockSize, scaleBits));
      }
    }

    /** The number of blocks of a channel. */
    public int blocks(long[] shape) {
      int size = Channels.size(shape, blockAxis);
      if (size % blockSize != 0) {
        throw new IllegalArgumentException(
            "blocks of " + blockSize + " do not divide the " + size + " of axis " + blockAxis);
      }
      return size / blockSize;
    }

    @Override
    public int count(long[] shape) {
      return Channels.size(shape, axis) * blocks(shape);
    }

    @Override
    public int run(long[] shape) {
      return blockAxis > axis
          ? Channels.stride(shape, blockAxis) * blockSize
          : Channels.stride(shape, axis);
    }

    @Override
    public int grid(int element, long[] shape) {
      int channel = element / Channels.stride(shape, axis) % Channels.size(shape, axis);
      int along = element / Channels.stride(shape, blockAxis) % Channels.size(shape, blockAxis);
      return channel * blocks(shape) + along / blockSize;
    }
  }
}
