package io.qalibre.quant;

import java.util.List;

/**
 * The grids of one tensor: one for all of it, or one for each channel.
 *
 * @param axis the channel axis, or {@link QuantizerSpec#PER_TENSOR}
 * @param channels one encoding a channel; exactly one when per tensor; all of one bitwidth
 */
public record TensorEncoding(int axis, List<Encoding> channels) {
  /** Checks the number of encodings and copies them. */
  public TensorEncoding {
    channels = List.copyOf(channels);
    if (channels.isEmpty() || (axis == QuantizerSpec.PER_TENSOR && channels.size() != 1)) {
      throw new IllegalArgumentException(
          "axis " + axis + " does not go with " + channels.size() + " encodings");
    }
  }

  /** The encoding of a whole tensor. */
  public static TensorEncoding perTensor(Encoding encoding) {
    return new TensorEncoding(QuantizerSpec.PER_TENSOR, List.of(encoding));
  }

  /** Whether each channel has a grid of its own. */
  public boolean perChannel() {
    return axis != QuantizerSpec.PER_TENSOR;
  }

  /** The first channel's encoding: the only one of a per-tensor encoding. */
  public Encoding first() {
    return channels.get(0);
  }

  /** Bits of a code. */
  public int bitwidth() {
    return first().bitwidth();
  }

  /** The smallest minimum of all channels. */
  public double min() {
    return channels.stream().mapToDouble(Encoding::min).min().orElseThrow();
  }

  /** The largest maximum of all channels. */
  public double max() {
    return channels.stream().mapToDouble(Encoding::max).max().orElseThrow();
  }
}
