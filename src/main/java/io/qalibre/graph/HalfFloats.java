package io.qalibre.graph;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** Widens and narrows 16-bit floats; JDK 17 has no conversion of its own. */
public final class HalfFloats {
  /** The largest finite binary16. */
  public static final float LARGEST = 65504;

  /** From here on the nearest binary16 is infinite. */
  private static final float INFINITE = 65520;

  private static final float SUBNORMAL_STEP = 0x1p-24f;
  private static final float SMALLEST_NORMAL = 0x1p-14f;

  private HalfFloats() {}

  /** The value of an IEEE 754 binary16. */
  public static float fromFloat16(short half) {
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
   * The nearest IEEE 754 binary16, of two equally near ones the even one; infinite from ±65,520 on.
   */
  public static short toFloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    float size = Math.abs(value);
    if (size < SMALLEST_NORMAL) {
      return (short) (sign | (int) Math.rint(size / SUBNORMAL_STEP));
    }
    if (!(size < INFINITE)) {
      return (short) (sign | (Float.isNaN(value) ? 0x7e00 : 0x7c00));
    }
    int wide = bits & 0x7fffffff;
    int even = wide >> 13 & 1;
    return (short) (sign | (wide - ((127 - 15) << 23) + 0xfff + even) >> 13);
  }

  /** The value of a bfloat16: the upper half of a float. */
  public static float fromBfloat16(short half) {
    return Float.intBitsToFloat(half << 16);
  }

  /** A float tensor's values, each the nearest binary16, in as many bits. */
  public static Tensor narrowed(Tensor value) {
    FloatBuffer numbers = value.floatView();
    ByteBuffer halves =
        ByteBuffer.allocate(numbers.remaining() * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (numbers.hasRemaining()) {
      halves.putShort(toFloat16(numbers.get()));
    }
    return Tensor.of(DataType.FLOAT16, halves.flip(), value.sizes());
  }

  /** A float tensor's values, each rounded to the nearest binary16. */
  public static Tensor rounded(Tensor value) {
    float[] numbers = value.floats();
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = fromFloat16(toFloat16(numbers[i]));
    }
    return Tensor.of(numbers, value.sizes());
  }
}
