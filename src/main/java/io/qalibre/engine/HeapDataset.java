package io.qalibre.engine;

import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.translate.TranslateException;
import ai.djl.util.Progress;
import io.qalibre.errors.QalibreException;
import java.io.IOException;
import java.util.Iterator;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Batches on the Java heap as a dataset; each becomes arrays when its turn has come. */
public final class HeapDataset implements Dataset {
  private final Supplier<Iterator<HeapBatch>> passes;

  /**
   * A dataset of batches.
   *
   * @param passes gives the batches of a pass, in order
   */
  public HeapDataset(Supplier<Iterator<HeapBatch>> passes) {
    this.passes = passes;
  }

  /**
   * Takes a dataset's batches to the Java heap, one after the other.
   *
   * @param dataset whose batches are copied, in the order of a pass
   * @param consumer takes a batch
   * @throws QalibreException if the dataset fails
   */
  public static void forEach(Dataset dataset, Consumer<HeapBatch> consumer) {
    try (NDManager manager = Programs.newManager()) {
      dataset.prepare();
      for (Batch batch : dataset.getData(manager)) {
        try (batch) {
          consumer.accept(HeapBatch.of(batch));
        }
      }
    } catch (IOException | TranslateException e) {
      throw new QalibreException("the dataset failed: " + e.getMessage(), e);
    }
  }

  @Override
  public Iterable<Batch> getData(NDManager manager) {
    return () -> {
      Iterator<HeapBatch> batches = passes.get();
      return new Iterator<>() {
        @Override
        public boolean hasNext() {
          return batches.hasNext();
        }

        @Override
        public Batch next() {
          return batches.next().open(manager);
        }
      };
    };
  }

  /** Nothing to prepare. */
  @Override
  public void prepare(@Nullable Progress progress) {}
}
