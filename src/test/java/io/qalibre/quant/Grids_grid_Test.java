package io.qalibre.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Grids_grid_Test {
  private static Encoding grid(double min, double max, int bits, Symmetry symmetry) {
    return Grids.grid(
        new Range(min, max), QuantizerSpec.perTensor(bits, QuantScheme.MIN_MAX, symmetry));
  }

  @ParameterizedTest
  @CsvSource({
    // asymmetric: scale = (max − min) / (2^b − 1), offset = −round(−min / scale)
    "-1, 3, 8, ASYMMETRIC, 4, 255, -64",
    "0, 1, 8, ASYMMETRIC, 1, 255, 0",
    "-1, 1, 4, ASYMMETRIC, 2, 15, -8",
    "-1, 1, 2, ASYMMETRIC, 2, 3, -2",
    "-1, 3, 16, ASYMMETRIC, 4, 65535, -16384",
    // zero is always in the range
    "2, 5, 8, ASYMMETRIC, 5, 255, 0",
    "-5, -2, 8, ASYMMETRIC, 5, 255, -255",
    "2, 5, 8, SYMMETRIC, 5, 127, -128",
    // halves are rounded away from zero
    "-0.5, 254.5, 8, ASYMMETRIC, 1, 1, -1",
    "-2.5, 252.5, 8, ASYMMETRIC, 1, 1, -3",
    // symmetric: the larger of max / 127 and −min / 128
    "-1, 0.5, 8, SYMMETRIC, 1, 128, -128",
    "-0.5, 1, 8, SYMMETRIC, 1, 127, -128",
    "-1, 1, 4, SYMMETRIC, 1, 7, -8",
    "-1, 1, 16, SYMMETRIC, 1, 32767, -32768",
    // two bits: the largest value lies one code beyond the grid
    "-1, 1, 2, SYMMETRIC, 1, 2, -2",
    "-0.5, 3, 2, SYMMETRIC, 3, 2, -2",
    // strict: −127 … 127
    "-1, 0.5, 8, STRICT, 1, 127, -127",
    "-0.5, 1, 8, STRICT, 1, 127, -127",
    "-1, 1, 2, STRICT, 1, 1, -1",
    // unsigned: 0 … 255 where nothing is negative, else as symmetric
    "0, 1, 8, UNSIGNED, 1, 255, 0",
    "2, 5, 8, UNSIGNED, 5, 255, 0",
    "-1, 0.5, 8, UNSIGNED, 1, 128, -128",
    "-0.5, 1, 8, STRICT_UNSIGNED, 1, 127, -127",
  })
  void a_range_becomes_a_grid(
      double min, double max, int bits, Symmetry symmetry, double width, double by, long offset) {
    Encoding grid = grid(min, max, bits, symmetry);

    assertThat(grid.scale()).isCloseTo(width / by, within(1e-15));
    assertThat(grid.offset()).isEqualTo(offset);
    assertThat(grid.bitwidth()).isEqualTo(bits);
    assertThat(grid.symmetric()).isEqualTo(symmetry.symmetric());
    assertThat(grid.min()).isEqualTo(grid.scale() * offset);
    assertThat(grid.max()).isEqualTo(grid.scale() * (offset + grid.steps()));
    assertThat(grid.steps()).isEqualTo((1L << bits) - (symmetry.strict() && offset < 0 ? 2 : 1));
  }

  @ParameterizedTest
  @CsvSource({
    "4, 1.1920928955078125e-7",
    "8, 1.1920928955078125e-7",
    "16, 1.1920928955078125e-7",
    "32, 2.3283064370807974e-12"
  })
  void the_scale_has_a_minimum(int bits, double least) {
    assertThat(Grids.minimumScale(bits)).isEqualTo(least);
    assertThat(grid(0, 0, bits, Symmetry.ASYMMETRIC).scale()).isEqualTo(least);
    assertThat(grid(-1e-30, 1e-30, bits, Symmetry.SYMMETRIC).scale()).isEqualTo(least);
    assertThat(grid(0, 0, bits, Symmetry.ASYMMETRIC).fakeQuantize(0)).isZero();
  }

  @Test
  void a_fixed_range_replaces_what_was_seen() {
    QuantizerSpec spec =
        QuantizerSpec.perTensor(8, QuantScheme.MIN_MAX, Symmetry.ASYMMETRIC)
            .withBounds(Bounds.of(0, 6));

    Encoding grid = Grids.grid(seen(-3, 100), spec);

    assertThat(grid.scale()).isEqualTo(6 / 255.0);
    assertThat(grid.offset()).isZero();
  }

  @Test
  void a_narrow_fixed_range_is_widened() {
    QuantizerSpec spec =
        QuantizerSpec.perTensor(8, QuantScheme.MIN_MAX, Symmetry.ASYMMETRIC)
            .withBounds(Bounds.of(0, 0.001));

    assertThat(Grids.grid(seen(-1, 1), spec).max()).isCloseTo(0.01, within(1e-12));
  }

  @Test
  void a_symmetric_fixed_range_reaches_both_its_ends() {
    QuantizerSpec spec =
        QuantizerSpec.perTensor(8, QuantScheme.MIN_MAX, Symmetry.SYMMETRIC)
            .withBounds(Bounds.of(-1, 1));

    assertThat(Grids.grid(seen(-9, 9), spec).scale()).isEqualTo(1 / 127.0);
  }

  private static Statistics seen(double min, double max) {
    return new Statistics(new Range(min, max), null);
  }
}
