package io.qalibre.data;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import ai.djl.translate.Batchifier;
import io.qalibre.errors.InterruptedWorkException;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;

/**
 * One pass through a dataset. Each batch has a manager of its own below the caller's, and nothing
 * else is left there; before each batch the user's interrupt is looked at.
 *
 * @param <T> what a batch is made from
 */
final class BatchIterator<T> implements Iterator<Batch> {
  private final NDManager manager;
  private final Iterator<T> source;
  private final Loader<T> loader;
  private final long total;
  private long done;

  /**
   * Starts a pass.
   *
   * @param manager the parent of the batches' managers
   * @param source what the batches are made from, in order
   * @param loader makes the content of a batch
   * @param total the number of samples of the whole pass
   */
  BatchIterator(NDManager manager, Iterator<T> source, Loader<T> loader, long total) {
    this.manager = manager;
    this.source = source;
    this.loader = loader;
    this.total = total;
  }

  @Override
  public boolean hasNext() {
    InterruptedWorkException.check(
        () -> String.format(Locale.ROOT, "stopped after %,d of %,d samples", done, total));
    return source.hasNext();
  }

  @Override
  public Batch next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the pass through the data is over");
    }
    NDManager own = manager.newSubManager();
    try {
      Content content = loader.load(own, source.next());
      done += content.size;
      return new Batch(
          own,
          content.data,
          content.labels,
          content.size,
          Batchifier.STACK,
          Batchifier.STACK,
          done,
          total,
          content.indices);
    } catch (RuntimeException e) {
      own.close();
      throw e;
    }
  }

  /** Makes the content of a batch, in arrays of the manager given. */
  interface Loader<T> {
    Content load(NDManager manager, T source);
  }

  /**
   * What is in a batch.
   *
   * @param data the inputs
   * @param labels the labels; may be empty
   * @param size the number of samples
   * @param indices their positions in the dataset
   */
  record Content(NDList data, NDList labels, int size, List<Long> indices) {}
}
