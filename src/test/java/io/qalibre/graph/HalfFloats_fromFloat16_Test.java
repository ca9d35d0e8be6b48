package io.qalibre.graph;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HalfFloats_fromFloat16_Test {

  /** Every bit pattern, against the definition of IEEE 754 in double arithmetic. */
  @Test
  void isTheValueOfEveryBitPattern() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = HalfFloats.fromFloat16((short) bits);
      int exponent = bits >> 10 & 31;
      int fraction = bits & 1023;
      double sign = bits >> 15 == 0 ? 1 : -1;
      if (exponent == 31 && fraction != 0) {
        assertThat(value).isNaN();
        continue;
      }
      double expected =
          exponent == 31
              ? Double.POSITIVE_INFINITY
              : exponent == 0
                  ? fraction * Math.pow(2, -24)
                  : (1 + fraction / 1024.0) * Math.pow(2, exponent - 15);
      // compare bits, so that -0 is told from 0
      assertThat(Float.floatToIntBits(value))
          .as("bits %x", bits)
          .isEqualTo(Float.floatToIntBits((float) (sign * expected)));
    }
  }
}
