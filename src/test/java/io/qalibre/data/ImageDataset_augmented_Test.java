package io.qalibre.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Record;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ImageDataset_augmented_Test {
  private static final float BLACK = (0f - 0.2860f) / 0.3530f;
  private final ImageSplits data = Datasets.fashionMnist();
  private final ImageDataset part = data.test().first(100);
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void pictures_are_padded_with_black_cropped_and_mirrored() {
    // Small and large pads, one that pushes some pictures out altogether, and an odd margin.
    for (int[] sizePad : List.of(ints(28, 2), ints(28, 28), ints(31, 5), ints(32, 4))) {
      int size = sizePad[0];
      int pad = sizePad[1];
      float[] plain = part.as(1, size).tensor().floats();
      float[] found = part.as(1, size).augmented(pad, true, 7).tensor().floats();
      float[] expected = new float[plain.length];
      Augmentation augmentation = new Augmentation(pad, true, 7);
      for (int i = 0; i < 100; i++) {
        Augmentation.Crop crop = augmentation.crop(60_000 + i);
        for (int row = 0; row < size; row++) {
          for (int column = 0; column < size; column++) {
            int r = row + crop.top();
            int c = (crop.mirrored() ? size - 1 - column : column) + crop.left();
            boolean inside = r >= 0 && r < size && c >= 0 && c < size;
            expected[(i * size + row) * size + column] =
                inside ? plain[(i * size + r) * size + c] : BLACK;
          }
        }
      }
      assertThat(found).isEqualTo(expected);
    }
  }

  @Test
  void the_seed_decides_and_reading_again_gives_the_same() {
    ImageDataset augmented = part.augmented(2, true, 3);

    assertThat(augmented.tensor())
        .isEqualTo(augmented.tensor())
        .isEqualTo(part.augmented(2, true, 3).tensor())
        .isNotEqualTo(part.augmented(2, true, 4).tensor())
        .isNotEqualTo(part.augmented(3, true, 3).tensor())
        .isNotEqualTo(part.tensor());
  }

  @Test
  void no_pad_and_no_flip_is_the_identity_also_after_another_augmentation() {
    assertThat(part.augmented(0, false, 3).tensor()).isEqualTo(part.tensor());
    assertThat(part.augmented(4, true, 3).augmented(0, false, 3).tensor()).isEqualTo(part.tensor());
  }

  @Test
  void a_sample_is_the_same_in_every_batch_size_order_and_selection() {
    ImageDataset source = data.training().ordered().as(3, 32).augmented(4, true, 9);
    Map<Integer, float[]> expected = samples(source.first(100).batch(100));

    assertThat(expected).hasSize(100);
    assertSame(samples(source.first(100).batch(7)), expected);
    assertSame(samples(source.first(100).batch(16).shuffled(5)), expected);
    int[] some = {71, 3, 99, 0};
    ImageDataset selected = source.select(some);
    Map<Integer, float[]> chosen = samples(selected);
    assertThat(chosen).hasSize(4);
    chosen.forEach((picture, values) -> assertThat(values).isEqualTo(expected.get(picture)));
    Record one = selected.get(manager, 1);
    assertThat(one.getData().head().toFloatArray()).isEqualTo(expected.get(source.pictures()[3]));
  }

  @Test
  void the_order_of_calls_makes_no_difference() {
    ImageDataset training = data.training();
    Tensor expected = training.as(3, 32).first(50).augmented(4, true, 1).tensor();

    assertThat(training.augmented(4, true, 1).as(3, 32).first(50).tensor()).isEqualTo(expected);
    assertThat(training.first(50).augmented(4, true, 1).ordered().batch(3).as(3, 32).tensor())
        .isEqualTo(expected);
    ImageDataset late = training.first(50).batch(8).shuffled(6).as(3, 32).augmented(4, true, 1);
    ImageDataset early = training.augmented(4, true, 1).as(3, 32).first(50).shuffled(6).batch(8);
    assertThat(pass(late, manager)).isEqualTo(pass(early, manager));
  }

  @Test
  void channels_are_equal() {
    float[] three = part.as(3, 32).augmented(4, true, 1).tensor().floats();
    float[] one = part.as(1, 32).augmented(4, true, 1).tensor().floats();

    for (int i = 0; i < 300; i++) {
      assertThat(Arrays.copyOfRange(three, i * 1024, (i + 1) * 1024))
          .isEqualTo(Arrays.copyOfRange(one, i / 3 * 1024, (i / 3 + 1) * 1024));
    }
  }

  @Test
  void a_resumed_run_gets_the_epoch_it_would_have_had() {
    ImageDataset training = data.training().first(60).batch(16);
    float[] last = new float[0];
    for (int epoch = 0; epoch < 3; epoch++) {
      last = pass(training.shuffled(epoch).augmented(2, true, epoch), manager);
    }

    ImageDataset again = Datasets.fashionMnist().training().first(60).batch(16);
    try (NDManager resumed = NDManager.newBaseManager()) {
      assertThat(pass(again.shuffled(2).augmented(2, true, 2), resumed)).isEqualTo(last);
      assertThat(pass(again.shuffled(2).augmented(2, true, 1), resumed)).isNotEqualTo(last);
      assertThat(pass(again.shuffled(1).augmented(2, true, 2), resumed)).isNotEqualTo(last);
    }
  }

  @Test
  void samples_and_labels_of_the_splits_stay_as_they_are() {
    ImageDataset augmented = data.training().augmented(4, true, 1);

    assertThat(augmented.pictures()).isEqualTo(data.training().pictures());
    assertThat(augmented.labels()).isEqualTo(data.training().labels());
    assertThat(augmented.shape()).isEqualTo(data.training().shape());
  }

  @Test
  void says_that_it_is_augmented() {
    assertThat(part.augmented(4, true, 1).shuffled(1))
        .hasToString("100 samples of 1×28×28 in 10 classes, batches of 250, shuffled, augmented");
    assertThat(part.augmented(0, false, 1).toString()).doesNotContain("augmented");
  }

  @Test
  void pads_out_of_range_say_what_is_possible() {
    assertThatThrownBy(() -> part.augmented(-1, true, 1))
        .isInstanceOf(QalibreException.class)
        .hasMessageContainingAll("augmented", "0 to 28", "found -1");
    assertThatThrownBy(() -> part.as(3, 32).augmented(33, false, 1))
        .isInstanceOf(QalibreException.class)
        .hasMessageContainingAll("32×32", "0 to 32", "found 33");
    ImageDataset wide = part.as(3, 32).augmented(32, false, 1);
    assertThatThrownBy(() -> wide.as(1, 28))
        .isInstanceOf(QalibreException.class)
        .hasMessageContainingAll("0 to 28", "found 32");
  }

  /** All pictures of a pass, one after the other. */
  private static float[] pass(ImageDataset dataset, NDManager manager) {
    float[] all = new float[0];
    for (Batch batch : dataset.getData(manager)) {
      float[] values = batch.getData().head().toFloatArray();
      int before = all.length;
      all = Arrays.copyOf(all, before + values.length);
      System.arraycopy(values, 0, all, before, values.length);
      batch.close();
    }
    return all;
  }

  /** The pictures of a pass by their place in the source. */
  private Map<Integer, float[]> samples(ImageDataset dataset) {
    Map<Integer, float[]> samples = new TreeMap<>();
    for (Batch batch : dataset.getData(manager)) {
      float[] values = batch.getData().head().toFloatArray();
      int length = values.length / batch.getSize();
      for (int i = 0; i < batch.getSize(); i++) {
        int position = Math.toIntExact((Long) batch.getIndices().get(i));
        float[] sample = Arrays.copyOfRange(values, i * length, (i + 1) * length);
        samples.put(dataset.pictures()[position], sample);
      }
      batch.close();
    }
    return samples;
  }

  private static void assertSame(Map<Integer, float[]> found, Map<Integer, float[]> expected) {
    assertThat(found).hasSameSizeAs(expected);
    found.forEach((picture, values) -> assertThat(values).isEqualTo(expected.get(picture)));
  }

  private static int[] ints(int size, int pad) {
    return new int[] {size, pad};
  }
}
