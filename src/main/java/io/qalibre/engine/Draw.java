package io.qalibre.engine;

import io.qalibre.graph.Tensor;
import java.util.Random;
import java.util.stream.IntStream;

/** Draws batches of different samples. */
final class Draw {
  private final Random random;
  private final int batch;
  private final int[] order;

  /**
   * Prepares to draw.
   *
   * @param samples how many there are
   * @param batch how many are drawn at a time; all, where there are fewer
   */
  Draw(Random random, int samples, int batch) {
    this.random = random;
    this.batch = Math.min(samples, batch);
    this.order = IntStream.range(0, samples).toArray();
  }

  /** How many samples are drawn at a time. */
  int batch() {
    return batch;
  }

  /** The indices of so many batches, a row each. */
  Tensor rows(int count) {
    long[] rows = new long[count * batch];
    for (int i = 0; i < rows.length; i++) {
      int place = i % batch;
      int other = place + random.nextInt(order.length - place);
      int drawn = order[other];
      order[other] = order[place];
      order[place] = drawn;
      rows[i] = drawn;
    }
    return Tensor.of(rows, count, batch);
  }
}
