package io.qalibre.quant;

import org.jspecify.annotations.Nullable;

/**
 * What a quantizer does, before it knows any data.
 *
 * @param bitwidth bits of a code, 2 to 32
 * @param scheme how the range is found
 * @param symmetry where zero lies
 * @param axis the channel axis with a grid for each channel, or {@link #PER_TENSOR}
 * @param fixedRange a range that replaces the observed one, or null
 */
public record QuantizerSpec(
    int bitwidth, QuantScheme scheme, Symmetry symmetry, int axis, @Nullable Range fixedRange) {
  /** The {@link #axis} of a quantizer with one grid for the whole tensor. */
  public static final int PER_TENSOR = -1;

  /** Checks the bitwidth and the axis. */
  public QuantizerSpec {
    if (bitwidth < 2 || bitwidth > 32) {
      throw new IllegalArgumentException("bitwidth is 2 to 32, found " + bitwidth);
    }
    if (axis < PER_TENSOR) {
      throw new IllegalArgumentException("axis is −1 (per tensor) or a dimension, found " + axis);
    }
  }

  /** A per-tensor spec whose range comes from data. */
  public static QuantizerSpec perTensor(int bitwidth, QuantScheme scheme, Symmetry symmetry) {
    return new QuantizerSpec(bitwidth, scheme, symmetry, PER_TENSOR, null);
  }

  /** Whether each channel has a grid of its own. */
  public boolean perChannel() {
    return axis != PER_TENSOR;
  }

  /** The same with another scheme. */
  public QuantizerSpec withScheme(QuantScheme other) {
    return new QuantizerSpec(bitwidth, other, symmetry, axis, fixedRange);
  }

  /** The same with another symmetry. */
  public QuantizerSpec withSymmetry(Symmetry other) {
    return new QuantizerSpec(bitwidth, scheme, other, axis, fixedRange);
  }

  /** The same on another channel axis, or {@link #PER_TENSOR}. */
  public QuantizerSpec withAxis(int other) {
    return new QuantizerSpec(bitwidth, scheme, symmetry, other, fixedRange);
  }

  /** The same with a fixed range. */
  public QuantizerSpec withFixedRange(Range range) {
    return new QuantizerSpec(bitwidth, scheme, symmetry, axis, range);
  }
}
