package io.qalibre.quant;

/**
 * The numbers that a quantizer turns values into: codes of a grid, or half-precision floats, which
 * need no grid.
 *
 * @param bitwidth bits of a number: 2 to 32; 16 for floats
 * @param floating whether they are floats (IEEE 754 binary16) rather than codes
 * @param rounding how codes are rounded
 */
public record NumberFormat(int bitwidth, boolean floating, Rounding rounding) {
  /** IEEE 754 binary16. */
  public static final NumberFormat FLOAT16 = new NumberFormat(16, true, Rounding.HALF_EVEN);

  /** Checks the bitwidth. */
  public NumberFormat {
    if (bitwidth < 2 || bitwidth > 32 || (floating && bitwidth != 16)) {
      throw new IllegalArgumentException(
          "bitwidth is 2 to 32, and 16 for floats, found " + bitwidth);
    }
  }

  /** Codes of so many bits, rounded half to even. */
  public static NumberFormat integer(int bitwidth) {
    return new NumberFormat(bitwidth, false, Rounding.HALF_EVEN);
  }

  /** The same with another rounding. */
  public NumberFormat withRounding(Rounding other) {
    return new NumberFormat(bitwidth, floating, other);
  }

  /** Such as {@code int8} or {@code float16}. */
  public String label() {
    return (floating ? "float" : "int") + bitwidth;
  }
}
