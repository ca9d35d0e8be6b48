package io.qalibre.quant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** What holds for all data and all grids. */
class Quant_properties_Test {
  private static final List<QuantScheme> SCHEMES =
      List.of(
          QuantScheme.MIN_MAX,
          QuantScheme.TF_ENHANCED,
          QuantScheme.percentile(99.5),
          QuantScheme.MSE,
          QuantScheme.ENTROPY);

  @Provide
  Arbitrary<float[]> batch() {
    return Arbitraries.floats().between(-100, 100).array(float[].class).ofMinSize(1).ofMaxSize(60);
  }

  @Provide
  Arbitrary<float[]> ordinary() {
    Arbitrary<Float> values =
        Arbitraries.oneOf(
            Arbitraries.floats().between(-8, 8),
            Arbitraries.floats().between(-1e20f, 1e20f),
            Arbitraries.of(0f, -0f, Float.MIN_VALUE, 1e-20f, -1e-20f, 1f));
    return values.array(float[].class).ofMinSize(1).ofMaxSize(40);
  }

  @Provide
  Arbitrary<QuantizerSpec> spec() {
    return Combinators.combine(
            Arbitraries.integers().between(2, 16),
            Arbitraries.of(SCHEMES),
            Arbitraries.of(Symmetry.class))
        .as(QuantizerSpec::perTensor);
  }

  private static Statistics seen(Statistics start, List<float[]> batches) {
    Statistics seen = start;
    for (float[] batch : batches) {
      seen = seen.with(Range.of(batch), batch);
    }
    return seen;
  }

  @Property(tries = 300)
  void merging_equal_bins_is_one_pass_in_any_order_and_grouping(
      @ForAll("batch") float[] first,
      @ForAll @Size(min = 1, max = 6) List<@net.jqwik.api.From("batch") float[]> batches,
      @ForAll @IntRange(min = 0, max = 6) int cut,
      @ForAll Random random) {
    Statistics start = Statistics.of(first);
    Histogram counted = start.histogram();
    Statistics bins =
        new Statistics(start.range(), counted == null ? null : Histogram.empty(counted.grid()));
    if (counted == null) {
      return; // all zero: the first batch fixes no bins
    }
    Statistics onePass = seen(bins, batches);

    List<Statistics> parts = new ArrayList<>();
    batches.forEach(batch -> parts.add(seen(bins, List.of(batch))));
    Collections.shuffle(parts, random);
    int middle = Math.min(cut, parts.size());
    Statistics left = parts.subList(0, middle).stream().reduce(bins, Statistics::merge);
    Statistics right = parts.subList(middle, parts.size()).stream().reduce(bins, Statistics::merge);

    assertThat(left.merge(right)).isEqualTo(onePass);
    assertThat(right.merge(left)).isEqualTo(onePass);
  }

  @Property(tries = 1000)
  void quantizing_twice_is_quantizing_once(
      @ForAll("ordinary") float[] values, @ForAll("spec") QuantizerSpec spec) {
    Encoding grid = Grids.grid(Statistics.of(values), spec);
    TensorEncoding encoding = TensorEncoding.perTensor(grid);
    long[] shape = {values.length};

    for (Rounding rounding : Rounding.values()) {
      float[] once = FakeQuantizer.apply(values, shape, encoding, rounding);
      assertThat(FakeQuantizer.apply(once, shape, encoding, rounding)).containsExactly(once);
    }
    for (float value : values) {
      float once = grid.fakeQuantize(value);
      assertThat(grid.fakeQuantize(once)).isEqualTo(once);
      assertThat(grid.quantize(once)).isEqualTo(grid.quantize(value));
    }
  }

  @Property(tries = 1000)
  void zero_is_exact(@ForAll("ordinary") float[] values, @ForAll("spec") QuantizerSpec spec) {
    Encoding grid = Grids.grid(Statistics.of(values), spec);

    assertThat(grid.dequantize(grid.zeroPoint())).isZero();
    assertThat(grid.fakeQuantize(0)).isZero();
    assertThat(grid.min()).isLessThanOrEqualTo(0);
    assertThat(grid.max()).isGreaterThanOrEqualTo(0);
    for (Rounding rounding : Rounding.values()) {
      float[] zero =
          FakeQuantizer.apply(
              new float[1], new long[] {1}, TensorEncoding.perTensor(grid), rounding);
      assertThat(Arrays.stream(new double[] {zero[0]}).sum()).isZero();
    }
  }

  @Property(tries = 500)
  void min_max_loses_at_most_half_a_step(
      @ForAll("batch") float[] values,
      @ForAll @IntRange(min = 3, max = 12) int bits,
      @ForAll Symmetry symmetry) {
    QuantizerSpec spec = QuantizerSpec.perTensor(bits, QuantScheme.MIN_MAX, symmetry);
    Encoding grid = Grids.grid(Statistics.of(values), spec);

    // Asymmetric grids are moved to have zero on them, by half a step at most.
    double most = symmetry == Symmetry.ASYMMETRIC ? 1.0 : 0.5;
    for (float value : values) {
      assertThat(Math.abs(grid.fakeQuantize(value) - value))
          .isLessThanOrEqualTo((float) (most * grid.scale() * 1.0001 + 1e-5));
    }
  }

  @Property(tries = 300)
  void blocks_hold_each_element_once(
      @ForAll @IntRange(min = 1, max = 4) int channels,
      @ForAll @IntRange(min = 1, max = 4) int blocks,
      @ForAll @IntRange(min = 1, max = 4) int size,
      @ForAll @IntRange(min = 1, max = 3) int inner,
      @ForAll boolean channelFirst) {
    int along = blocks * size;
    long[] shape =
        channelFirst ? new long[] {channels, along, inner} : new long[] {along, channels, inner};
    Granularity granularity =
        new Granularity.PerBlock(channelFirst ? 0 : 1, channelFirst ? 1 : 0, size, 0);
    int[] held = new int[granularity.count(shape)];
    int run = granularity.run(shape);

    for (int i = 0; i < channels * along * inner; i++) {
      held[granularity.grid(i, shape)]++;
      assertThat(granularity.grid(i - i % run, shape)).isEqualTo(granularity.grid(i, shape));
    }

    assertThat(held).hasSize(channels * blocks).containsOnly(size * inner);
  }
}
