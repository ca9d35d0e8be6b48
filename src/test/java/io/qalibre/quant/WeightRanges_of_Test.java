package io.qalibre.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WeightRanges_of_Test {
  /** 2×3×2: the values 0 … 11, every second one negative. */
  private static final float[] VALUES = {0, -1, 2, -3, 4, -5, 6, -7, 8, -9, 10, -11};

  private static final long[] SHAPE = {2, 3, 2};

  @Test
  void one_range_of_all_values() {
    assertThat(WeightRanges.of(VALUES, SHAPE, Granularity.NO_AXIS))
        .containsExactly(new Range(-11, 10));
  }

  @Test
  void a_range_a_channel_on_each_axis() {
    assertThat(WeightRanges.of(VALUES, SHAPE, 0))
        .containsExactly(new Range(-5, 4), new Range(-11, 10));
    assertThat(WeightRanges.of(VALUES, SHAPE, 1))
        .containsExactly(new Range(-7, 6), new Range(-9, 8), new Range(-11, 10));
    assertThat(WeightRanges.of(VALUES, SHAPE, 2))
        .containsExactly(new Range(0, 10), new Range(-11, -1));
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void a_value_that_is_no_number_is_an_error(float bad) {
    assertThatThrownBy(() -> WeightRanges.of(new float[] {1, bad}, new long[] {2}, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("value 1 is " + bad);
  }

  @Test
  void ranges_merge() {
    assertThat(new Range(-1, 2).merge(new Range(-3, 1))).isEqualTo(new Range(-3, 2));
    assertThat(new Range(-3, 2).absMax()).isEqualTo(3);
    assertThatThrownBy(() -> new Range(1, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Range(Double.NaN, 0)).isInstanceOf(IllegalArgumentException.class);
  }
}
