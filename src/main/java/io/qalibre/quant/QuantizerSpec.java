package io.qalibre.quant;

/**
 * What a quantizer does, before it knows any data.
 *
 * @param format the numbers it turns values into
 * @param scheme how the range is found
 * @param symmetry where zero lies
 * @param granularity how the tensor is divided among grids
 * @param bounds ends of the range that replace those seen
 */
public record QuantizerSpec(
    NumberFormat format,
    QuantScheme scheme,
    Symmetry symmetry,
    Granularity granularity,
    Bounds bounds) {

  /** A per-tensor spec of codes whose range comes from data. */
  public static QuantizerSpec perTensor(int bitwidth, QuantScheme scheme, Symmetry symmetry) {
    return new QuantizerSpec(
        NumberFormat.integer(bitwidth), scheme, symmetry, Granularity.PER_TENSOR, Bounds.NONE);
  }

  /** Bits of a number. */
  public int bitwidth() {
    return format.bitwidth();
  }

  /** The channel axis, or {@link Granularity#NO_AXIS}. */
  public int axis() {
    return granularity.axis();
  }

  /** Whether each channel has a grid of its own, and no more than one. */
  public boolean perChannel() {
    return granularity instanceof Granularity.PerChannel;
  }

  /** The same with other numbers. */
  public QuantizerSpec withFormat(NumberFormat other) {
    return new QuantizerSpec(other, scheme, symmetry, granularity, bounds);
  }

  /** The same with another scheme. */
  public QuantizerSpec withScheme(QuantScheme other) {
    return new QuantizerSpec(format, other, symmetry, granularity, bounds);
  }

  /** The same with another symmetry. */
  public QuantizerSpec withSymmetry(Symmetry other) {
    return new QuantizerSpec(format, scheme, other, granularity, bounds);
  }

  /** The same with another granularity. */
  public QuantizerSpec withGranularity(Granularity other) {
    return new QuantizerSpec(format, scheme, symmetry, other, bounds);
  }

  /** The same on another channel axis, or per tensor for {@link Granularity#NO_AXIS}. */
  public QuantizerSpec withAxis(int other) {
    return withGranularity(Granularity.ofAxis(other));
  }

  /** The same with other bounds. */
  public QuantizerSpec withBounds(Bounds other) {
    return new QuantizerSpec(format, scheme, symmetry, granularity, other);
  }
}
