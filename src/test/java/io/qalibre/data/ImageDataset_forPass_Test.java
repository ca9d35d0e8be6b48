package io.qalibre.data;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import org.junit.jupiter.api.Test;

class ImageDataset_forPass_Test {
  private static final ImageDataset TRAINING =
      Datasets.fashionMnist().training().first(64).augmented(4, true, 1);

  private static float[] pictures(ImageDataset dataset) {
    try (NDManager manager = NDManager.newBaseManager()) {
      for (Batch batch : dataset.getData(manager)) {
        try (batch) {
          return batch.getData().head().toFloatArray();
        }
      }
      throw new AssertionError("no batch");
    }
  }

  @Test
  void a_pass_is_the_same_whenever_it_is_asked_for_and_no_two_are_alike() {
    float[] second = pictures(TRAINING.forPass(1, 2));

    assertThat(pictures(TRAINING.forPass(1, 2))).isEqualTo(second);
    assertThat(pictures(TRAINING.forPass(1, 3))).isNotEqualTo(second);
    assertThat(pictures(TRAINING.forPass(2, 2))).isNotEqualTo(second);
  }

  @Test
  void an_ordered_plain_dataset_stays_as_it_is() {
    ImageDataset plain = Datasets.fashionMnist().test().first(64);

    assertThat(pictures(plain.forPass(1, 5))).isEqualTo(pictures(plain));
  }
}
