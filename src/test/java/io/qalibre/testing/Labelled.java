package io.qalibre.testing;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.translate.Batchifier;
import ai.djl.util.Progress;
import io.qalibre.graph.Tensor;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Random;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/** Samples with labels on the heap, as the simplest DJL dataset there is. */
public final class Labelled implements Dataset {
  private final Tensor samples;
  private final long[] labels;
  private final int batch;
  private final IntConsumer before;

  private Labelled(Tensor samples, long[] labels, int batch, IntConsumer before) {
    this.samples = samples;
    this.labels = labels;
    this.batch = batch;
    this.before = before;
  }

  /** Samples along the first dimension, and as many labels. */
  public static Labelled of(Tensor samples, long... labels) {
    return new Labelled(samples, labels, 8, i -> {});
  }

  /** Random samples with random labels. */
  public static Labelled random(int classes, long... shape) {
    Random random = new Random(3);
    long[] labels =
        IntStream.range(0, (int) shape[0]).mapToLong(i -> random.nextInt(classes)).toArray();
    return of(Net.data(5, shape), labels);
  }

  /** Two classes of points, left and right of zero along the first of two axes. */
  public static Labelled twoSides(int n, long seed) {
    float[] values = Net.data(seed, n, 2).floats();
    long[] labels = new long[n];
    for (int i = 0; i < n; i++) {
      labels[i] = values[2 * i] > 0 ? 1 : 0;
      values[2 * i] += labels[i] == 1 ? 0.3f : -0.3f;
    }
    return of(Tensor.of(values, n, 2), labels);
  }

  /** The same in batches of another size. */
  public Labelled batch(int size) {
    return new Labelled(samples, labels, size, before);
  }

  /** The same; something happens before each batch, whose index in the pass is given. */
  public Labelled before(IntConsumer action) {
    return new Labelled(samples, labels, batch, action);
  }

  @Override
  public Iterable<Batch> getData(NDManager manager) {
    int n = (int) samples.sizes()[0];
    return () ->
        new Iterator<>() {
          private int done;

          @Override
          public boolean hasNext() {
            return done < n;
          }

          @Override
          public Batch next() {
            before.accept(done / batch);
            int from = done;
            done = Math.min(n, done + batch);
            NDManager own = manager.newSubManager();
            return new Batch(
                own,
                new NDList(rows(own, from, done)),
                labels.length == 0
                    ? new NDList()
                    : new NDList(own.create(Arrays.copyOfRange(labels, from, done))),
                done - from,
                Batchifier.STACK,
                Batchifier.STACK,
                done,
                n);
          }
        };
  }

  private NDArray rows(NDManager manager, int from, int to) {
    long[] sizes = samples.sizes();
    int width = samples.size() / (int) Math.max(1, sizes[0]);
    sizes[0] = (long) to - from;
    float[] rows = new float[(to - from) * width];
    samples.floatView().position(from * width).get(rows);
    return manager.create(rows, new Shape(sizes));
  }

  @Override
  public void prepare(Progress progress) {}
}
