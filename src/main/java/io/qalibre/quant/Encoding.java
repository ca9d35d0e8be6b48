package io.qalibre.quant;

/**
 * A uniform grid: the value of code q, in the unsigned view q = 0 … {@link #steps()}, is {@code
 * scale · (q + offset)}. Zero is always exactly the code {@code −offset}, and {@code −offset} is
 * the zero point of ONNX's unsigned types.
 *
 * @param min the smallest value of the grid, {@code scale · offset}; at most 0
 * @param max the largest value of the grid, {@code scale · (offset + steps)}; at least 0
 * @param scale the distance between two neighbours, above 0
 * @param offset the code of zero, negated; −2^bitwidth to 0
 * @param bitwidth bits of a code, 2 to 32
 * @param symmetric whether the grid was made symmetric
 */
public record Encoding(
    double min, double max, double scale, long offset, int bitwidth, boolean symmetric) {

  /** Checks that the numbers are finite and make a grid. */
  public Encoding {
    if (!(scale > 0) || !Double.isFinite(scale) || !Double.isFinite(min) || !Double.isFinite(max)) {
      throw new IllegalArgumentException(
          "not a grid: min " + min + ", max " + max + ", scale " + scale);
    }
    if (offset > 0 || offset < -(1L << bitwidth)) {
      throw new IllegalArgumentException(
          "offset is −2^" + bitwidth + " to 0, found " + offset + " (the negated zero point)");
    }
  }

  /**
   * The grid with the given scale and offset.
   *
   * @param steps the largest code, 2^bitwidth − 1, or one less for a strictly symmetric grid
   */
  public static Encoding of(
      double scale, long offset, long steps, int bitwidth, boolean symmetric) {
    return new Encoding(
        scale * offset, scale * (offset + steps), scale, offset, bitwidth, symmetric);
  }

  /** The same grid with a scale that is a float32 number, as those of all parameters are. */
  public Encoding inFloat32() {
    return of((float) scale, offset, steps(), bitwidth, symmetric);
  }

  /** The largest code, in the unsigned view: 2^bitwidth − 1, one less if strictly symmetric. */
  public long steps() {
    return Math.round((max - min) / scale);
  }

  /** The zero point in ONNX's unsigned view: the code of zero. */
  public long zeroPoint() {
    return -offset;
  }

  /**
   * The code of a value in the unsigned view, 0 … {@link #steps()}, rounded half to even as ONNX
   * QuantizeLinear does; computed in float32. Values outside the grid, infinite ones too, get the
   * code of its nearer end; NaN gets 0.
   */
  public long quantize(float value) {
    double code = Math.rint(value / (float) scale) - offset;
    return (long) Math.max(0, Math.min((double) steps(), code));
  }

  /** The value of a code, in float32. */
  public float dequantize(long code) {
    return (float) (code + offset) * (float) scale;
  }

  /** The grid's value nearest to {@code value}: what the simulation computes with. */
  public float fakeQuantize(float value) {
    return dequantize(quantize(value));
  }
}
