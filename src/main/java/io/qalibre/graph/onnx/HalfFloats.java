package io.qalibre.graph.onnx;

/** Widens 16-bit floats; JDK 17 has no conversion of its own. */
final class HalfFloats {
  private static final float SUBNORMAL_STEP = 0x1p-24f;

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

  /** The value of a bfloat16: the upper half of a float. */
  static float fromBfloat16(short half) {
    return Float.intBitsToFloat(half << 16);
  }
}
