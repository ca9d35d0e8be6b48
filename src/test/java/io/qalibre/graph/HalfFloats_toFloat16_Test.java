package io.qalibre.graph;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HalfFloats_toFloat16_Test {

  private static boolean isFinite(int bits) {
    return (bits >> 10 & 31) != 31;
  }

  @Test
  void every_finite_half_stays_as_it_is() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      if (isFinite(bits)) {
        short half = (short) bits;
        assertThat(HalfFloats.toFloat16(HalfFloats.fromFloat16(half))).isEqualTo(half);
      }
    }
  }

  /** Halfway between two neighbours to the even one, a little beside it to the nearer one. */
  @Test
  void what_lies_between_two_halves_becomes_the_nearest() {
    for (int bits = 0; bits < 0x7bff; bits++) {
      float low = HalfFloats.fromFloat16((short) bits);
      float high = HalfFloats.fromFloat16((short) (bits + 1));
      float middle = (low + high) / 2;
      int even = (bits & 1) == 0 ? bits : bits + 1;
      assertThat(HalfFloats.toFloat16(middle)).as("%s", middle).isEqualTo((short) even);
      assertThat(HalfFloats.toFloat16(-middle)).isEqualTo((short) (even | 0x8000));
      assertThat(HalfFloats.toFloat16(Math.nextDown(middle))).isEqualTo((short) bits);
      assertThat(HalfFloats.toFloat16(Math.nextUp(middle))).isEqualTo((short) (bits + 1));
    }
  }
}
