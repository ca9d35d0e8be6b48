package io.qalibre.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.BatchSampler;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Record;
import ai.djl.training.dataset.SequenceSampler;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ImageDataset_getData_Test {
  private final ImageSplits data = Datasets.fashionMnist();
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void batches_have_the_shapes_and_types_that_losses_and_metrics_want() {
    ImageDataset part = data.as(3, 32).test().first(5).batch(2);
    List<Shape> shapes = new ArrayList<>();
    List<Long> progress = new ArrayList<>();
    for (Batch batch : part.getData(manager)) {
      NDArray images = batch.getData().singletonOrThrow();
      NDArray labels = batch.getLabels().singletonOrThrow();
      shapes.add(images.getShape());
      progress.add(batch.getProgress());
      assertThat(images.getDataType()).isEqualTo(DataType.FLOAT32);
      assertThat(labels.getDataType()).isEqualTo(DataType.INT64);
      assertThat(labels.getShape()).isEqualTo(new Shape(batch.getSize()));
      assertThat(batch.getProgressTotal()).isEqualTo(5);
      batch.close();
    }
    assertThat(shapes)
        .containsExactly(new Shape(2, 3, 32, 32), new Shape(2, 3, 32, 32), new Shape(1, 3, 32, 32));
    assertThat(progress).containsExactly(2L, 4L, 5L);
  }

  @Test
  void batches_hold_the_scaled_pictures_and_their_classes_also_after_the_next_one_came() {
    ImageDataset part = data.test().first(6).batch(3);
    float[] expected = part.tensor().floats();
    Iterator<Batch> batches = part.getData(manager).iterator();
    try (Batch first = batches.next();
        Batch second = batches.next()) {
      assertThat(first.getData().head().toFloatArray())
          .isEqualTo(Arrays.copyOf(expected, 3 * 28 * 28));
      assertThat(second.getData().head().toFloatArray())
          .isEqualTo(Arrays.copyOfRange(expected, 3 * 28 * 28, 6 * 28 * 28));
      // The first test pictures are an ankle boot, a pullover and a trouser.
      assertThat(first.getLabels().head().toLongArray()).containsExactly(9, 2, 1);
      assertThat(second.getIndices()).isEqualTo(List.of(3L, 4L, 5L));
    }
    assertThat(batches.hasNext()).isFalse();
    assertThatThrownBy(batches::next).isInstanceOf(NoSuchElementException.class);
    // Black, and the brightest pixel.
    assertThat(expected).contains((0f - 0.2860f) / 0.3530f).contains((1f - 0.2860f) / 0.3530f);
  }

  @Test
  void default_batches_are_64_to_train_with_and_250_else() {
    assertThat(firstBatch(data.training())).hasSize(64);
    assertThat(firstBatch(data.validation())).hasSize(250);
    assertThat(firstBatch(data.test())).hasSize(250);
    assertThat(firstBatch(data.calibration(1000))).hasSize(250);
  }

  @Test
  void shuffled_passes_differ_and_repeat_with_another_manager() {
    ImageDataset part = data.training().first(100).shuffled(3);
    List<Long> first = order(part, manager);
    List<Long> second = order(part, manager);

    assertThat(first).isNotEqualTo(second).containsExactlyInAnyOrderElementsOf(second);
    assertThat(first).isNotEqualTo(first.stream().sorted().toList());
    try (NDManager other = NDManager.newBaseManager()) {
      assertThat(order(part, other)).isEqualTo(first);
      assertThat(order(part, other)).isEqualTo(second);
      assertThat(order(part.shuffled(4), other)).isNotEqualTo(first);
      assertThat(order(part.ordered(), other)).isSorted().hasSize(100);
    }
  }

  @Test
  void the_first_order_of_a_new_value_depends_on_the_seed_only() {
    ImageDataset part = data.training().first(1000);
    List<Long> expected = order(part.shuffled(3), manager);
    ImageDataset used = part.shuffled(8);
    order(used, manager);
    order(used, manager);

    assertThat(order(part.shuffled(3), manager)).isEqualTo(expected);
    assertThat(order(used.shuffled(3), manager)).isEqualTo(expected);
    assertThat(order(used.batch(32).shuffled(3).batch(7), manager)).isEqualTo(expected);
    List<Long> neighbour = order(part.shuffled(4), manager);
    // By chance one sample is expected at its place, and ten are never seen.
    assertThat(IntStream.range(0, 1000).filter(i -> expected.get(i).equals(neighbour.get(i))))
        .hasSizeLessThan(10);
  }

  @Test
  void leaves_nothing_with_the_manager() {
    for (Batch batch : data.training().first(200).getData(manager)) {
      assertThat(manager.getManagedArrays()).hasSize(2);
      batch.close();
      assertThat(manager.getManagedArrays()).isEmpty();
    }
    assertThat(manager.getManagedArrays()).isEmpty();
  }

  @Test
  void an_interrupt_ends_the_pass_before_the_next_batch() {
    Iterator<Batch> batches = data.test().getData(manager).iterator();
    batches.next().close();
    Thread.currentThread().interrupt();

    assertThatThrownBy(batches::hasNext)
        .isInstanceOf(InterruptedWorkException.class)
        .hasMessage("interrupted: stopped after 250 of 10,000 samples");
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    assertThat(manager.getManagedArrays()).isEmpty();
    assertThat(firstBatch(data.test())).hasSize(250);
  }

  @Test
  void follows_a_sampler() {
    ImageDataset part = data.training().first(10);
    Iterable<Batch> batches =
        part.getData(manager, new BatchSampler(new SequenceSampler(), 4, true));
    List<Integer> sizes = new ArrayList<>();
    for (Batch batch : batches) {
      sizes.add(batch.getSize());
      batch.close();
    }
    assertThat(sizes).containsExactly(4, 4);
  }

  @Test
  void sub_datasets_stay_image_datasets() {
    RandomAccessDataset part = data.test().subDataset(List.of(5L, 3L));

    assertThat(part).isInstanceOf(ImageDataset.class);
    assertThat(((ImageDataset) part).pictures()).containsExactly(60_005, 60_003);
    assertThat(data.test().subDataset(2, 4).size()).isEqualTo(2);
  }

  @Test
  void get_gives_one_sample() {
    Record sample = data.test().get(manager, 1);

    assertThat(sample.getData().head().getShape()).isEqualTo(new Shape(1, 28, 28));
    assertThat(sample.getLabels().head().getLong()).isEqualTo(2);
    assertThat(manager.getManagedArrays()).hasSize(2);
    assertThatThrownBy(() -> data.test().get(manager, 10_000))
        .isInstanceOf(QalibreException.class)
        .hasMessageContainingAll("10000", "9999");
  }

  @Test
  void a_batch_too_large_is_a_named_error_and_leaves_nothing() {
    ImageDataset huge = data.test().as(3, 4096);

    assertThatThrownBy(() -> huge.getData(manager).iterator().next())
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("2 GiB");
    assertThat(manager.getManagedArrays()).isEmpty();
  }

  @Test
  void numbers_out_of_range_say_what_is_possible() {
    assertThatThrownBy(() -> data.test().first(10_001))
        .isInstanceOf(QalibreException.class)
        .hasMessageContainingAll("10000", "10001");
    assertThatThrownBy(() -> data.test().first(0)).hasMessageContaining("found 0");
    assertThatThrownBy(() -> data.test().batch(0))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("found 0");
  }

  private List<?> firstBatch(ImageDataset part) {
    try (Batch batch = part.getData(manager).iterator().next()) {
      return batch.getIndices();
    }
  }

  private static List<Long> order(ImageDataset part, NDManager manager) {
    List<Long> order = new ArrayList<>();
    for (Batch batch : part.getData(manager)) {
      batch.getIndices().forEach(index -> order.add((Long) index));
      batch.close();
    }
    return order;
  }
}
