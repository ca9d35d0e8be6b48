package io.qalibre.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class QuantScheme_grid_Test {
  private static final List<QuantScheme> SCHEMES =
      List.of(
          QuantScheme.MIN_MAX,
          QuantScheme.TF_ENHANCED,
          QuantScheme.percentile(99.9),
          QuantScheme.MSE,
          QuantScheme.ENTROPY);

  static Stream<QuantScheme> schemes() {
    return SCHEMES.stream();
  }

  private static Encoding grid(QuantScheme scheme, Symmetry symmetry, int bits, float... values) {
    return Grids.grid(Statistics.of(values), QuantizerSpec.perTensor(bits, scheme, symmetry));
  }

  private static double error(Encoding grid, float... values) {
    double sum = 0;
    for (float value : values) {
      double off = value - grid.fakeQuantize(value);
      sum += off * off;
    }
    return sum / values.length;
  }

  /** Many values around zero and a few far away. */
  private static float[] heavyTailed(long seed) {
    Random random = new Random(seed);
    float[] values = new float[20_000];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * (i % 100 == 0 ? 6 : 1));
    }
    return values;
  }

  @ParameterizedTest
  @MethodSource("schemes")
  void degenerate_data_give_a_grid_that_holds_it(QuantScheme scheme) {
    for (Symmetry symmetry : Symmetry.values()) {
      for (float constant : new float[] {3, -3, 1e-12f, 1e12f, -1e-30f}) {
        for (float[] values : new float[][] {{constant}, {constant, constant, 0}}) {
          Encoding grid = grid(scheme, symmetry, 8, values);
          float step = (float) Math.max(grid.scale(), 0.01);
          assertThat(Math.abs(grid.fakeQuantize(constant) - constant))
              .as("%s %s %s: %s", scheme, symmetry, Arrays.toString(values), grid)
              .isLessThanOrEqualTo(step);
          assertThat(grid.fakeQuantize(0)).isZero();
        }
      }
      Encoding zeros = grid(scheme, symmetry, 8, 0, 0, 0);
      assertThat(zeros.fakeQuantize(0)).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("schemes")
  void what_is_no_number_is_refused(QuantScheme scheme) {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      assertThatThrownBy(() -> grid(scheme, Symmetry.ASYMMETRIC, 8, 1, bad))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("value 1 is " + bad);
    }
  }

  @ParameterizedTest
  @MethodSource("schemes")
  void the_grid_lies_within_what_was_seen(QuantScheme scheme) {
    float[] values = heavyTailed(1);
    Range seen = Range.of(values);

    for (int bits : new int[] {2, 4, 8, 16}) {
      Encoding grid = grid(scheme, Symmetry.ASYMMETRIC, bits, values);

      assertThat(grid.min()).isGreaterThanOrEqualTo(1.2 * seen.min());
      assertThat(grid.max()).isLessThanOrEqualTo(1.2 * seen.max());
    }
  }

  @Test
  void schemes_that_clip_beat_min_max_on_heavy_tails_at_four_bits() {
    float[] values = heavyTailed(2);
    for (Symmetry symmetry : List.of(Symmetry.ASYMMETRIC, Symmetry.SYMMETRIC)) {
      double whole = error(grid(QuantScheme.MIN_MAX, symmetry, 4, values), values);
      double mse = error(grid(QuantScheme.MSE, symmetry, 4, values), values);

      assertThat(error(grid(QuantScheme.TF_ENHANCED, symmetry, 4, values), values))
          .isLessThan(whole);
      assertThat(mse).isLessThan(0.7 * whole);
      // No other way to find a range has a smaller error, but for the width of a bin.
      for (QuantScheme other : SCHEMES) {
        assertThat(mse).isLessThanOrEqualTo(1.02 * error(grid(other, symmetry, 4, values), values));
      }
    }
  }

  @Test
  void entropy_cuts_a_long_tail() {
    float[] values = heavyTailed(3);
    values[0] = 60;

    Encoding grid = grid(QuantScheme.ENTROPY, Symmetry.SYMMETRIC, 8, values);

    assertThat(grid.max()).isBetween(3.0, 40.0);
  }

  @Test
  void entropy_keeps_what_fits_the_codes() {
    float[] values = new float[1000];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % 500;
    }

    Encoding grid = grid(QuantScheme.ENTROPY, Symmetry.ASYMMETRIC, 8, values);

    assertThat(grid.max()).isGreaterThan(490);
  }

  @Test
  void a_percentile_cuts_its_share_on_either_side() {
    float[] values = heavyTailed(4);
    float[] sorted = values.clone();
    Arrays.sort(sorted);

    Encoding grid = grid(QuantScheme.percentile(99), Symmetry.ASYMMETRIC, 8, values);

    double bin = 3.0 * (sorted[sorted.length - 1] - sorted[0]) / BinGrid.CALIBRATION_BINS;
    assertThat(grid.max())
        .isCloseTo(sorted[19_800], org.assertj.core.api.Assertions.within(3 * bin));
    assertThat(grid.min()).isCloseTo(sorted[200], org.assertj.core.api.Assertions.within(3 * bin));
  }

  @Test
  void a_percentile_outside_50_to_100_is_refused() {
    for (double bad : new double[] {0.999, 49.9, 100.1, Double.NaN}) {
      assertThatThrownBy(() -> QuantScheme.percentile(bad))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("50 to 100");
    }
  }

  @Test
  void bounds_replace_the_ends_that_a_scheme_finds() {
    QuantizerSpec spec =
        QuantizerSpec.perTensor(8, QuantScheme.MIN_MAX, Symmetry.ASYMMETRIC)
            .withBounds(new Bounds(0.0, null));

    Encoding grid = Grids.grid(Statistics.of(new float[] {-3, 5}), spec);

    assertThat(grid.offset()).isZero();
    assertThat(grid.max()).isBetween(4.95, 5.05);
  }
}
