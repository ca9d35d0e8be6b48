package io.qalibre.quant;

import java.util.List;

/**
 * The grids of one tensor: one for all of it, one for each channel, or one for each block.
 *
 * @param granularity how the tensor is divided among them
 * @param grids the grids in row-major order of channel and block; exactly one when per tensor; all
 *     of one bitwidth
 */
public record TensorEncoding(Granularity granularity, List<Encoding> grids) {
  /** Checks the number of grids and copies them. */
  public TensorEncoding {
    grids = List.copyOf(grids);
    if (grids.isEmpty() || (granularity == Granularity.PER_TENSOR && grids.size() != 1)) {
      throw new IllegalArgumentException(
          granularity + " does not go with " + grids.size() + " encodings");
    }
  }

  /** The encoding of a whole tensor. */
  public static TensorEncoding perTensor(Encoding encoding) {
    return new TensorEncoding(Granularity.PER_TENSOR, List.of(encoding));
  }

  /** The encoding of channels on an axis, or of a whole tensor for {@link Granularity#NO_AXIS}. */
  public static TensorEncoding ofAxis(int axis, List<Encoding> grids) {
    return new TensorEncoding(Granularity.ofAxis(axis), grids);
  }

  /** The channel axis, or {@link Granularity#NO_AXIS}. */
  public int axis() {
    return granularity.axis();
  }

  /** Whether each channel has a grid of its own, and no more than one. */
  public boolean perChannel() {
    return granularity instanceof Granularity.PerChannel;
  }

  /** Whether each block of a channel has a grid of its own. */
  public boolean perBlock() {
    return granularity instanceof Granularity.PerBlock;
  }

  /** The first grid: the only one of a per-tensor encoding. */
  public Encoding first() {
    return grids.get(0);
  }

  /** Bits of a code. */
  public int bitwidth() {
    return first().bitwidth();
  }

  /** The smallest minimum of all grids. */
  public double min() {
    return grids.stream().mapToDouble(Encoding::min).min().orElseThrow();
  }

  /** The largest maximum of all grids. */
  public double max() {
    return grids.stream().mapToDouble(Encoding::max).max().orElseThrow();
  }
}
