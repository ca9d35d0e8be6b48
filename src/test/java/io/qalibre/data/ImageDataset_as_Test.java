package io.qalibre.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ImageDataset_as_Test {
  private static final float BLACK = (0f - 0.2860f) / 0.3530f;
  private final ImageDataset one = Datasets.fashionMnist().test().first(1);

  @Test
  void pads_with_black_and_repeats_the_channel() {
    float[] small = one.tensor().floats();
    float[] large = one.as(3, 32).tensor().floats();

    assertThat(large).hasSize(3 * 32 * 32);
    for (int channel = 0; channel < 3; channel++) {
      for (int row = 0; row < 32; row++) {
        for (int column = 0; column < 32; column++) {
          boolean inside = row >= 2 && row < 30 && column >= 2 && column < 30;
          float expected = inside ? small[(row - 2) * 28 + column - 2] : BLACK;
          assertThat(large[(channel * 32 + row) * 32 + column]).isEqualTo(expected);
        }
      }
    }
    assertThat(IntStream.range(0, small.length).anyMatch(i -> small[i] > 1f)).isTrue();
  }

  @Test
  void as_the_pictures_are_is_the_identity() {
    assertThat(one.as(3, 32).as(1, 28).tensor()).isEqualTo(one.tensor());
    assertThat(one.as(1, 28).shape()).hasToString("N×1×28×28");
  }

  @Test
  void an_odd_rest_of_padding_goes_below_and_to_the_right() {
    float[] small = one.tensor().floats();
    float[] large = one.as(1, 31).tensor().floats();

    int row = 15;
    assertThat(Arrays.copyOfRange(large, (row + 1) * 31 + 1, (row + 1) * 31 + 29))
        .isEqualTo(Arrays.copyOfRange(small, row * 28, row * 28 + 28));
    assertThat(Arrays.copyOfRange(large, 29 * 31, 31 * 31)).containsOnly(BLACK);
    assertThat(Arrays.copyOfRange(large, 0, 31)).containsOnly(BLACK);
  }

  @Test
  void changes_all_splits_alike_and_keeps_their_samples() {
    ImageSplits data = Datasets.fashionMnist();
    ImageSplits large = data.as(3, 32);

    assertThat(large.training().shape()).hasToString("N×3×32×32");
    assertThat(large.calibration(5).shape()).hasToString("N×3×32×32");
    assertThat(large.test().labels()).isEqualTo(data.test().labels());
    assertThat(large.validation().pictures()).isEqualTo(data.validation().pictures());
  }

  @Test
  void sizes_out_of_range_say_what_is_possible() {
    assertThatThrownBy(() -> one.as(3, 27))
        .isInstanceOf(QalibreException.class)
        .hasMessageContainingAll("28×28", "found 27");
    assertThatThrownBy(() -> one.as(3, 5000)).hasMessageContaining("4096");
    assertThatThrownBy(() -> one.as(0, 28))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("found 0");
  }

  @Test
  void more_than_fits_in_an_array_is_a_named_error() {
    ImageDataset huge = Datasets.fashionMnist().test().as(3, 4096);

    assertThatThrownBy(huge::tensor)
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("2 GiB");
  }
}
