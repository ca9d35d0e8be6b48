package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.FakeQuantizer;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Rounding;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.quant.WeightEncodings;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScaledWeight_of_Test {
  private static final int COLUMNS = 200;

  private static QuantizerSpec spec(int bits, Symmetry symmetry) {
    return QuantizerSpec.perTensor(bits, QuantScheme.MIN_MAX, symmetry).withAxis(0);
  }

  /** Weights half-way between two codes, where the least rounding of a product decides. */
  private static Tensor ties(TensorEncoding encoding, Random random) {
    int rows = encoding.grids().size();
    float[] values = new float[rows * COLUMNS];
    for (int i = 0; i < values.length; i++) {
      Encoding grid = encoding.grids().get(i / COLUMNS);
      values[i] = (random.nextInt(240) - 119.5f) * (float) grid.scale();
    }
    return Tensor.of(values, rows, COLUMNS);
  }

  private static long[] levels(Tensor weight, TensorEncoding encoding, Rounding rounding) {
    float[] rounded = FakeQuantizer.apply(weight.floats(), weight.sizes(), encoding, rounding);
    long[] levels = new long[rounded.length];
    for (int i = 0; i < levels.length; i++) {
      levels[i] = Math.round((double) rounded[i] / encoding.grids().get(i / COLUMNS).scale());
    }
    return levels;
  }

  private static Tensor multiplied(Tensor weight, double[] factors) {
    float[] values = weight.floats();
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * factors[i / COLUMNS]);
    }
    return Tensor.of(values, weight.sizes());
  }

  @ParameterizedTest
  @EnumSource(Rounding.class)
  void codes_stay_even_of_weights_half_way_between_two(Rounding rounding) {
    Random random = new Random(5);
    double[] factors = new double[40];
    float[] range = new float[2 * factors.length];
    for (int c = 0; c < factors.length; c++) {
      factors[c] = (float) (random.nextGaussian() * 3);
      range[2 * c] = -127 * (0.001f + random.nextFloat());
    }
    QuantizerSpec spec = spec(8, Symmetry.SYMMETRIC);
    spec = spec.withFormat(spec.format().withRounding(rounding));
    TensorEncoding encoding = WeightEncodings.of(range, new long[] {factors.length, 2}, spec);
    Tensor weight = ties(encoding, random);
    Tensor after = multiplied(weight, factors);

    ScaledWeight scaled = ScaledWeight.of(weight, encoding, after, factors, spec);

    long[] expected = levels(weight, encoding, rounding);
    long[] found = levels(scaled.weight(), scaled.encoding(), rounding);
    assertThat(levels(after, scaled.encoding(), rounding)).isNotEqualTo(signed(expected, factors));
    assertThat(scaled.changed()).isZero();
    assertThat(found).isEqualTo(signed(expected, factors));
    float[] products = after.floats();
    float[] values = scaled.weight().floats();
    for (int i = 0; i < values.length; i++) {
      double step = scaled.encoding().grids().get(i / COLUMNS).scale();
      assertThat(Math.abs(values[i] - products[i])).isLessThanOrEqualTo((float) (3e-5 * step));
    }
  }

  private static long[] signed(long[] levels, double[] factors) {
    long[] signed = levels.clone();
    for (int i = 0; i < signed.length; i++) {
      signed[i] *= factors[i / COLUMNS] < 0 ? -1 : 1;
    }
    return signed;
  }

  /** A wider grid would round all weights anew; one step of one weight is less. */
  @Test
  void the_most_negative_code_of_many_weights_on_their_grid_ends_one_step_short() {
    QuantizerSpec spec = spec(4, Symmetry.SYMMETRIC);
    Random random = new Random(5);
    float[] values = new float[COLUMNS];
    for (int i = 0; i < values.length; i++) {
      values[i] = 0.25f * (random.nextInt(15) - 7);
    }
    values[7] = -2;
    Tensor weight = Tensor.of(values, 1, COLUMNS);
    TensorEncoding encoding = WeightEncodings.of(values, weight.sizes(), spec);
    double[] factors = {-3};

    ScaledWeight scaled =
        ScaledWeight.of(weight, encoding, multiplied(weight, factors), factors, spec);

    long[] found = levels(scaled.weight(), scaled.encoding(), Rounding.HALF_EVEN);
    long[] expected = levels(weight, encoding, Rounding.HALF_EVEN);
    assertThat(expected[7]).isEqualTo(-8);
    assertThat(scaled.changed()).isEqualTo(1);
    assertThat(scaled.encoding().first().scale()).isEqualTo(0.75);
    for (int i = 0; i < found.length; i++) {
      assertThat(found[i]).isEqualTo(Math.min(7, -expected[i]));
    }
  }

  @ParameterizedTest
  @EnumSource(Symmetry.class)
  void mirrored_weights_stay_within_half_a_step_but_at_the_end_of_the_grid(Symmetry symmetry) {
    Random random = new Random(5);
    double[] factors = {-2, -0.3, 1.5, -1};
    float[] values = new float[factors.length * COLUMNS];
    for (int i = 0; i < values.length; i++) {
      float value = (float) random.nextGaussian();
      values[i] = i / COLUMNS == 3 ? Math.abs(value) : value;
    }
    values[5] = -4;
    Tensor weight = Tensor.of(values, factors.length, COLUMNS);
    QuantizerSpec spec = spec(4, symmetry);
    TensorEncoding encoding = WeightEncodings.of(values, weight.sizes(), spec);
    Tensor after = multiplied(weight, factors);

    ScaledWeight scaled = ScaledWeight.of(weight, encoding, after, factors, spec);

    float[] rounded =
        FakeQuantizer.apply(scaled.weight().floats(), weight.sizes(), scaled.encoding());
    float[] exact = after.floats();
    for (int i = 0; i < exact.length; i++) {
      Encoding grid = scaled.encoding().grids().get(i / COLUMNS);
      double most = rounded[i] > grid.max() - grid.scale() / 2 ? 1 : 0.5001;
      assertThat((double) Math.abs(rounded[i] - exact[i])).isLessThanOrEqualTo(most * grid.scale());
    }
    // −4 is the most negative code; a channel that is nowhere negative may have an unsigned grid.
    assertThat(scaled.changed())
        .isEqualTo(
            switch (symmetry) {
              case ASYMMETRIC, STRICT -> 0;
              case SYMMETRIC, STRICT_UNSIGNED -> 1;
              case UNSIGNED -> 2;
            });
  }

  @Test
  void a_scale_that_would_be_too_small_is_raised() {
    QuantizerSpec spec = spec(8, Symmetry.SYMMETRIC);
    Tensor weight = Tensor.of(new float[] {1.27f, -0.5f}, 2, 1);
    TensorEncoding encoding = WeightEncodings.of(weight.floats(), weight.sizes(), spec);
    double[] factors = {1e-9, 2};
    Tensor after = Tensor.of(new float[] {1.27e-9f, -1}, 2, 1);

    ScaledWeight scaled = ScaledWeight.of(weight, encoding, after, factors, spec);

    assertThat(scaled.changed()).isEqualTo(1);
    assertThat(scaled.encoding().grids().get(0).scale()).isEqualTo(0x1p-23);
    assertThat(scaled.encoding().grids().get(1).scale())
        .isEqualTo((float) (2 * encoding.grids().get(1).scale()));
  }
}
