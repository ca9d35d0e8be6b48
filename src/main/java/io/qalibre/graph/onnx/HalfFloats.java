package io.qalibre.graph.onnx;

/** Widens and narrows 16-bit floats; JDK 17 has no conversion of its own. */
final class HalfFloats {
  /** The largest finite binary16. */
  static final float LARGEST = 65504;

  private static final float SUBNORMAL_STEP = 0x1p-24f;
  private static final float SMALLEST_NORMAL = 0x1p-14f;

  private HalfFloats() {}

  /** The value of an IEEE 754 binary16. */
  static float fromFloat16(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = (half >> 10) & 0x1f;
    int fraction = half & 0x3ff;
    if (exponent == 0) {
      return Float.intBitsToFloat(sign | Float.floatToRawIntBits(fraction * SUBNORMAL_STEP));
    }
    int wide = exponent == 0x1f ? 0xff : exponent + (127 - 15);
    return Float.intBitsToFloat(sign | (wide << 23) | (fraction << 13));
  }

  /**
   * The nearest IEEE 754 binary16, of two equally near ones the even one.
   *
   * @param value a number within ±{@link #LARGEST}
   */
  static short toFloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    float size = Math.abs(value);
    if (size < SMALLEST_NORMAL) {
      return (short) (sign | (int) Math.rint(size / SUBNORMAL_STEP));
    }
    int wide = bits & 0x7fffffff;
    int even = wide >> 13 & 1;
    return (short) (sign | (wide - ((127 - 15) << 23) + 0xfff + even) >> 13);
  }

  /** The value of a bfloat16: the upper half of a float. */
  static float fromBfloat16(short half) {
    return Float.intBitsToFloat(half << 16);
  }
}
