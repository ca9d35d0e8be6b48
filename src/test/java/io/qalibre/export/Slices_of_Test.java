package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;

class Slices_of_Test {
  private static final Map<String, Tensor> BATCH =
      Map.of(
          "pictures", Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 5, 2, 1),
          "ids", Tensor.of(new long[] {10, 20, 30, 40, 50}, 5));

  @Test
  void the_last_piece_holds_what_is_left() {
    assertThat(Slices.of(BATCH, 2))
        .containsExactly(
            Map.of(
                "pictures", Tensor.of(new float[] {1, 2, 3, 4}, 2, 2, 1),
                "ids", Tensor.of(new long[] {10, 20}, 2)),
            Map.of(
                "pictures", Tensor.of(new float[] {5, 6, 7, 8}, 2, 2, 1),
                "ids", Tensor.of(new long[] {30, 40}, 2)),
            Map.of(
                "pictures", Tensor.of(new float[] {9, 10}, 1, 2, 1),
                "ids", Tensor.of(new long[] {50}, 1)));
  }

  @Test
  void a_batch_that_is_small_enough_stays_whole() {
    assertThat(Slices.of(BATCH, Long.MAX_VALUE)).containsExactly(BATCH);
  }
}
