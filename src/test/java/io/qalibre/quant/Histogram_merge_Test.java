package io.qalibre.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.quant.Histogram.Batches;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class Histogram_merge_Test {
  private static Histogram histogram(long... counts) {
    return histogram(new BinGrid(-2, 0.5, counts.length), counts);
  }

  private static Histogram histogram(BinGrid grid, long... counts) {
    return new Histogram(grid, new TreeMap<>(Map.of(100L, new Batches(1, counts))));
  }

  @Test
  void order_and_grouping_do_not_matter() {
    Random random = new Random(1);
    List<Histogram> parts = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      parts.add(histogram(random.longs(16, 0, 1L << 50).toArray()));
    }
    Histogram whole = parts.stream().reduce(Histogram::merge).orElseThrow();
    Collections.shuffle(parts, random);
    Histogram left = parts.subList(0, 3).stream().reduce(Histogram::merge).orElseThrow();
    Histogram right = parts.subList(3, 8).stream().reduce(Histogram::merge).orElseThrow();

    assertThat(left.merge(right)).isEqualTo(whole).isEqualTo(right.merge(left));
    assertThat(whole.total()).isEqualTo(parts.stream().mapToLong(Histogram::total).sum());
  }

  @Test
  void merging_leaves_the_parts_as_they_are() {
    Histogram a = histogram(1, 2);
    Histogram b = histogram(3, 4);

    assertThat(a.merge(b).counts()).containsExactly(4, 6);
    assertThat(a.counts()).containsExactly(1, 2);
    a.counts()[0] = 99;
    assertThat(a.counts()).containsExactly(1, 2);
  }

  @Test
  void unequal_grids_do_not_merge() {
    Histogram a = histogram(1, 2);

    for (Histogram other :
        List.of(
            histogram(new BinGrid(-3, 0.5, 2), 1, 2),
            histogram(new BinGrid(-4, 0.25, 2), 1, 2),
            histogram(new BinGrid(-2, 0.5, 3), 1, 2, 3))) {
      assertThatThrownBy(() -> a.merge(other))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("different grids");
    }
  }

  @Test
  void the_share_outside_counts_by_the_bins_middles() {
    Histogram histogram = histogram(1, 2, 3, 4); // middles −0.75, −0.25, 0.25, 0.75

    assertThat(histogram.centers()).containsExactly(-0.75, -0.25, 0.25, 0.75);
    assertThat(histogram.shareOutside(-0.3, 0.3)).isEqualTo(0.5);
    assertThat(histogram.shareOutside(-1, 1)).isZero();
    assertThat(histogram(0, 0).shareOutside(5, 6)).isZero();
  }

  @Test
  void what_is_no_histogram_is_refused() {
    assertThatThrownBy(() -> new BinGrid(0, 0, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new BinGrid(0, 1, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new BinGrid(0, Double.NaN, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> histogram(new BinGrid(0, 1, 2), 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> histogram(-1)).isInstanceOf(IllegalArgumentException.class);
  }
}
