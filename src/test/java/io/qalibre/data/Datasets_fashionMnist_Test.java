package io.qalibre.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Datasets_fashionMnist_Test {
  private final ImageSplits data = Datasets.fashionMnist();

  @Test
  void has_the_documented_sizes() {
    assertThat(data.training().size()).isEqualTo(55_000);
    assertThat(data.validation().size()).isEqualTo(5_000);
    assertThat(data.test().size()).isEqualTo(10_000);
    assertThat(data.calibration(1000).size()).isEqualTo(1000);
  }

  @Test
  void splits_share_no_picture_and_cover_all() {
    Set<Integer> all = new HashSet<>();
    for (ImageDataset part : List.of(data.training(), data.validation(), data.test())) {
      for (int picture : part.pictures()) {
        assertThat(all.add(picture)).isTrue();
      }
    }
    assertThat(all).hasSize(70_000);
    assertThat(Arrays.stream(data.test().pictures())).allMatch(picture -> picture >= 60_000);
  }

  @Test
  void calibration_samples_are_distinct_training_samples() {
    Set<Integer> training = set(data.training());
    Set<Integer> drawn = set(data.calibration(2000));

    assertThat(drawn).hasSize(2000);
    assertThat(training).containsAll(drawn);
    assertThat(set(data.validation())).doesNotContainAnyElementsOf(drawn);
  }

  @Test
  void calibration_is_seeded_and_nested() {
    int[] thousand = data.calibration(1000).pictures();

    assertThat(Datasets.fashionMnist().calibration(1000).pictures()).isEqualTo(thousand);
    assertThat(data.calibration(10).pictures()).isEqualTo(Arrays.copyOf(thousand, 10));
    assertThat(data.calibration(1000, 7).pictures()).isNotEqualTo(thousand);
  }

  @Test
  void the_split_is_the_one_results_were_published_with() {
    // Pinned: if these change, every figure chosen on the validation part is void.
    assertThat(Arrays.hashCode(data.validation().pictures())).isEqualTo(-1319562270);
    assertThat(Arrays.hashCode(data.calibration(1000).pictures())).isEqualTo(-1601766233);
  }

  @Test
  void every_split_has_all_classes_in_about_equal_numbers() {
    assertThat(data.classes())
        .hasSize(10)
        .startsWith("T-shirt/top", "Trouser")
        .endsWith("Ankle boot");
    for (ImageDataset part : List.of(data.training(), data.validation(), data.test())) {
      int[] counts = new int[10];
      for (int label : part.labels()) {
        counts[label]++;
      }
      assertThat(Arrays.stream(counts))
          .allMatch(count -> Math.abs(count / (part.size() / 10.0) - 1) < 0.12);
    }
  }

  @Test
  void the_scaling_gives_the_training_pictures_mean_zero_and_deviation_one() {
    double sum = 0;
    double squares = 0;
    float[] values = data.training().tensor().floats();
    for (float value : values) {
      sum += value;
      squares += (double) value * value;
    }
    double mean = sum / values.length;
    assertThat(mean).isBetween(-0.005, 0.005);
    assertThat(Math.sqrt(squares / values.length - mean * mean)).isBetween(0.995, 1.005);
  }

  @Test
  void the_files_are_parsed_once() {
    assertThat(images(Datasets.fashionMnist())).isSameAs(images(data));
  }

  @Test
  void at_most_gives_what_there_is() {
    assertThat(data.test().atMost(20_000).pictures()).isEqualTo(data.test().pictures());
    assertThat(data.test().atMost(5).pictures()).isEqualTo(data.test().first(5).pictures());
    assertThatThrownBy(() -> data.test().atMost(0)).isInstanceOf(QalibreException.class);
  }

  @Test
  void asking_for_more_calibration_samples_than_there_are_says_both_numbers() {
    assertThatThrownBy(() -> data.calibration(55_001))
        .isInstanceOf(QalibreException.class)
        .hasMessageContainingAll("55000", "55001");
    assertThatThrownBy(() -> data.calibration(0)).isInstanceOf(QalibreException.class);
  }

  @Test
  void a_folder_without_the_files_is_a_named_error(@TempDir Path empty) {
    assertThatThrownBy(() -> FashionMnist.in(empty))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("train-images-idx3-ubyte.gz");
  }

  private static LabelledImages images(ImageSplits splits) {
    return ((GreyPictures) splits.test().source()).images();
  }

  private static Set<Integer> set(ImageDataset part) {
    return new HashSet<>(Arrays.stream(part.pictures()).boxed().toList());
  }
}
