package io.qalibre.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Encoding_quantize_Test {
  private static final Encoding UNIT = Encoding.of(1, -100, 255, 8, false);
  private static final List<Encoding> GRIDS =
      List.of(
          UNIT,
          Encoding.of(0.0178, -114, 255, 8, false),
          Encoding.of(1e-7, 0, 255, 8, false),
          Encoding.of(3.14159e5, -128, 255, 8, true),
          Encoding.of(0.3, -127, 254, 8, true),
          Encoding.of(0.7, -2, 3, 2, true),
          Encoding.of(2.7e-4, -32768, 65535, 16, true));

  @Test
  void zero_is_exact() {
    for (Encoding grid : GRIDS) {
      assertThat(grid.fakeQuantize(0f)).isZero();
      assertThat(grid.quantize(0f)).isEqualTo(grid.zeroPoint());
      assertThat(grid.dequantize(grid.zeroPoint())).isZero();
    }
  }

  @Test
  void what_is_on_the_grid_stays() {
    Random random = new Random(1);
    for (Encoding grid : GRIDS) {
      for (int i = 0; i < 2000; i++) {
        float value = (float) (random.nextGaussian() * grid.scale() * grid.steps());
        float once = grid.fakeQuantize(value);
        assertThat(grid.fakeQuantize(once)).isEqualTo(once);
      }
    }
  }

  @Test
  void every_code_is_its_own() {
    for (Encoding grid : GRIDS) {
      for (long code = 0; code <= grid.steps(); code++) {
        assertThat(grid.quantize(grid.dequantize(code))).isEqualTo(code);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0.5, 0",
    "1.5, 2",
    "2.5, 2",
    "-0.5, 0",
    "-1.5, -2",
    "-2.5, -2",
    "2.4999, 2",
    "2.5001, 3"
  })
  void halves_go_to_the_even_neighbour(float value, float nearest) {
    assertThat(UNIT.fakeQuantize(value)).isEqualTo(nearest);
  }

  @Test
  void halves_are_judged_before_the_offset_is_added() {
    Encoding odd = Encoding.of(1, -101, 255, 8, false);

    assertThat(odd.fakeQuantize(2.5f)).isEqualTo(2f);
    assertThat(odd.fakeQuantize(3.5f)).isEqualTo(4f);
  }

  @ParameterizedTest
  @CsvSource({
    "1000, 155",
    "-1000, -100",
    "1e30, 155",
    "-1e30, -100",
    "Infinity, 155",
    "-Infinity, -100"
  })
  void what_is_outside_goes_to_the_ends(float value, float end) {
    assertThat(UNIT.fakeQuantize(value)).isEqualTo(end);
  }

  @Test
  void numbers_that_are_no_grid_are_refused() {
    assertThatThrownBy(() -> Encoding.of(0, 0, 255, 8, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not a grid");
    assertThatThrownBy(() -> Encoding.of(Double.NaN, 0, 255, 8, false))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Encoding.of(1, 1, 255, 8, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("offset");
    assertThatThrownBy(() -> Encoding.of(1, -257, 255, 8, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("offset");
  }
}
