package io.qalibre.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.BatchSampler;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Record;
import ai.djl.training.dataset.Sampler;
import ai.djl.training.dataset.SequenceSampler;
import ai.djl.util.Progress;
import io.qalibre.errors.OutOfMemoryException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * Labelled pictures as a DJL dataset: usable in {@code EasyTrain.fit}, in {@code
 * trainer.iterateDataset} and wherever Qalibre takes a dataset. Small ones lie on the Java heap;
 * those of a folder are read when a batch is made.
 *
 * <p>A batch holds one float32 array of shape N×channels×size×size, scaled, and one int64 array of
 * N class indices, as {@code Loss.softmaxCrossEntropyLoss()} and {@code Accuracy} want them. The
 * last batch may be smaller than the others. Close each batch; a pass leaves nothing else behind.
 * An interrupt (the notebook's stop button) ends a pass before its next batch with {@link
 * io.qalibre.errors.InterruptedWorkException}.
 *
 * <p>A dataset is immutable: {@link #first}, {@link #batch}, {@link #shuffled}, {@link #ordered},
 * {@link #as} and {@link #augmented} return new ones, which share the pictures. A {@linkplain
 * #shuffled shuffled} dataset comes in a new order at each pass. The order depends on the seed and
 * on how many passes were begun through this value with the same {@link NDManager} before, and a
 * trainer always hands over its own: a training run with a new trainer sees the same sequence of
 * orders again, whatever was run before.
 *
 * <p>A run that can be resumed makes its dataset anew for each epoch, {@code
 * training.shuffled(seedOfEpoch).augmented(4, true, seedOfEpoch)}, and begins one pass through it:
 * order and pictures then depend on the seed of the epoch only.
 */
public final class ImageDataset extends RandomAccessDataset {
  /** Keeps the seeds of passes far apart, whatever seeds a user gives; odd, so that none meet. */
  private static final long PASS_STRIDE = 0x9E3779B97F4A7C15L;

  private final Pictures source;
  private final int[] pictures;
  private final int batchSize;
  private final @Nullable Long seed;

  /** Passes begun with each manager; no part of the value, and gone with the manager. */
  private final Map<NDManager, Integer> passes = Collections.synchronizedMap(new WeakHashMap<>());

  ImageDataset(Pictures source, int[] pictures, int batchSize, @Nullable Long seed) {
    super(new Builder().setSampling(batchSize, false));
    this.source = source;
    this.pictures = pictures;
    this.batchSize = batchSize;
    this.seed = seed;
  }

  /**
   * The first samples only.
   *
   * @param n how many, 1 to {@link #size()}
   * @throws QalibreException if there are not as many
   */
  public ImageDataset first(int n) {
    if (n < 1 || n > pictures.length) {
      throw new QalibreException(
          "first(n): expected 1 to " + pictures.length + " samples, found " + n);
    }
    return new ImageDataset(source, Arrays.copyOf(pictures, n), batchSize, seed);
  }

  /**
   * The first samples, or all where there are not as many.
   *
   * @param n how many, at least 1
   * @throws QalibreException if n is less than 1
   */
  public ImageDataset atMost(int n) {
    return first(Math.min(n, pictures.length));
  }

  /**
   * The same samples in batches of another size.
   *
   * @param n the number of samples in a batch, at least 1; the last one may be smaller
   * @throws QalibreException if n is less than 1
   */
  public ImageDataset batch(int n) {
    if (n < 1) {
      throw new QalibreException("batch(n): expected 1 sample or more, found " + n);
    }
    return new ImageDataset(source, pictures, n, seed);
  }

  /**
   * The same samples, in a new random order at each pass. The order of the first pass through the
   * dataset returned depends on the seed and the number of samples only, not on the manager nor on
   * passes through other datasets, even equal ones: a training loop that calls this in each epoch,
   * with another seed, knows every epoch's order without having run those before.
   *
   * @param seed decides the orders; those of neighbouring seeds have nothing in common
   */
  public ImageDataset shuffled(long seed) {
    return new ImageDataset(source, pictures, batchSize, seed);
  }

  /** The same samples, in the same order at each pass. */
  public ImageDataset ordered() {
    return new ImageDataset(source, pictures, batchSize, null);
  }

  /**
   * The same pictures laid out for another network: padded evenly with black (an odd rest below and
   * to the right), scaled, and the grey channel repeated.
   *
   * @param channels the number of channels, at least 1
   * @param size height and width, from the pictures' own (28 for Fashion-MNIST) to 4096
   * @throws QalibreException if a number is out of range, the pad of an augmentation made before is
   *     larger than {@code size}, or the pictures are those of a folder, whose size {@link
   *     Preprocessing} decides
   */
  public ImageDataset as(int channels, int size) {
    return new ImageDataset(source.as(channels, size), pictures, batchSize, seed);
  }

  /**
   * The same samples, varied at random, to train with: each picture is padded with black at the
   * size the network sees (that of {@link #as}, whether called before or after), cropped back to
   * that size at a random position, and perhaps mirrored. Replaces an augmentation made before.
   *
   * <p>A picture's variant depends on the seed and on the picture only, not on batches, order,
   * threads or other samples, and is the same each time it is read: a training loop calls this in
   * each epoch, with another seed. As every new dataset, the one returned begins with the first of
   * its orders; see {@link #shuffled} for another one in each epoch.
   *
   * @param pad the black pixels added on each side, 0 to the height of {@link #shape()}; each of
   *     the (2·pad + 1)² positions is equally likely
   * @param flip whether each picture is mirrored left-right with probability 1/2
   * @param seed decides the variants; those of neighbouring seeds have nothing in common
   * @throws QalibreException if pad is out of range, or the pictures are those of a folder, which
   *     have a variation of their own
   */
  public ImageDataset augmented(int pad, boolean flip, long seed) {
    return new ImageDataset(source.augmented(pad, flip, seed), pictures, batchSize, this.seed);
  }

  /** The same samples as they are, not varied. */
  public ImageDataset unaugmented() {
    return new ImageDataset(source.plain(), pictures, batchSize, seed);
  }

  /**
   * The samples that can be read, which is found out by reading each file once, on all cores.
   *
   * @throws QalibreException if none can be
   */
  public ImageDataset readable() {
    Pictures.Checked checked = source.checked(pictures);
    if (checked.readable().length == 0) {
      throw new QalibreException(
          "readable(): none of %d pictures can be read; the first: %s"
              .formatted(pictures.length, checked.source().leftOut().get(0)));
    }
    return new ImageDataset(checked.source(), checked.readable(), batchSize, seed);
  }

  /** What is the matter with the files that {@link #readable()} left out, a sentence each. */
  public List<String> leftOut() {
    return source.leftOut();
  }

  /**
   * The samples for one pass of a training: in another order if this dataset is shuffled, in other
   * variants if it is augmented, both decided by this dataset's own seeds and these two numbers, so
   * that a training can be resumed at any pass.
   *
   * @param seed the training's seed
   * @param pass the number of the pass
   */
  public ImageDataset forPass(long seed, int pass) {
    long shift = (seed * 31 + pass) * PASS_STRIDE;
    Long order = this.seed == null ? null : Long.valueOf(this.seed + shift);
    return new ImageDataset(source.shifted(shift), pictures, batchSize, order);
  }

  /** The shape of a batch, such as N×1×28×28. */
  public TensorShape shape() {
    return TensorShape.of(
        Dim.symbolic("N"), Dim.of(source.channels()), Dim.of(source.size()), Dim.of(source.size()));
  }

  /** The classes' names; a label is a position in this list. */
  public List<String> classes() {
    return source.classes();
  }

  /** The class index of each sample, in the dataset's (unshuffled) order. */
  public int[] labels() {
    return Arrays.stream(pictures).map(source::label).toArray();
  }

  /**
   * All samples, in the dataset's (unshuffled) order.
   *
   * @return floats of shape size()×channels×size×size
   * @throws QalibreException if they take more than 2 GiB
   */
  public Tensor tensor() {
    long elements = pictures.length * source.elements();
    if (elements > Integer.MAX_VALUE / Float.BYTES) {
      throw new QalibreException(
          "%d samples of %s floats take more than 2 GiB; take fewer with first(n)"
              .formatted(pictures.length, layout()));
    }
    float[] values =
        OutOfMemoryException.guard(
            pictures.length + " samples", elements * Float.BYTES, () -> new float[(int) elements]);
    source.write(pictures, FloatBuffer.wrap(values));
    return Tensor.of(values, pictures.length, source.channels(), source.size(), source.size());
  }

  /**
   * One sample: data channels×size×size, label a scalar.
   *
   * @param manager owns the two arrays
   * @param index a position in the dataset's (unshuffled) order, 0 to size() − 1
   * @throws QalibreException if there is no such sample
   */
  @Override
  public Record get(NDManager manager, long index) {
    BatchIterator.Content one = load(new Staging(), manager, List.of(index));
    try (NDArray data = one.data().singletonOrThrow();
        NDArray label = one.labels().singletonOrThrow()) {
      return new Record(new NDList(data.squeeze(0)), new NDList(label.squeeze(0)));
    }
  }

  /** A pass through the data, in this dataset's order and batch size. */
  @Override
  public Iterable<Batch> getData(NDManager manager) {
    return getData(manager, (ExecutorService) null);
  }

  /**
   * A pass through the data, in this dataset's order and batch size.
   *
   * @param manager the parent of the batches' managers
   * @param executor not used: pictures in memory are made faster than they could be handed over,
   *     and those of a folder are read on all cores
   */
  @Override
  public Iterable<Batch> getData(NDManager manager, @Nullable ExecutorService executor) {
    return getData(manager, new BatchSampler(order(manager), batchSize), executor);
  }

  /** A pass through the data in a sampler's order and batches. */
  @Override
  public Iterable<Batch> getData(NDManager manager, Sampler sampler) {
    return getData(manager, sampler, null);
  }

  /**
   * A pass through the data in a sampler's order and batches.
   *
   * @param manager the parent of the batches' managers
   * @param sampler chooses the samples of each batch
   * @param executor not used
   */
  @Override
  public Iterable<Batch> getData(
      NDManager manager, Sampler sampler, @Nullable ExecutorService executor) {
    return () -> {
      Staging staging = new Staging();
      return new BatchIterator<>(
          manager, sampler.sample(this), (own, chosen) -> load(staging, own, chosen), size());
    };
  }

  /** Nothing to prepare: the pictures are in memory, or read as they are needed. */
  @Override
  public void prepare(@Nullable Progress progress) {}

  /** Such as {@code 5,000 samples of 1×28×28 in 10 classes, batches of 250}. */
  @Override
  public String toString() {
    int unreadable = leftOut().size();
    return String.format(
        Locale.ROOT,
        "%,d samples of %s in %d classes, batches of %d%s%s%s",
        pictures.length,
        layout(),
        classes().size(),
        batchSize,
        seed == null ? "" : ", shuffled",
        source.varied() ? ", augmented" : "",
        unreadable == 0 ? "" : ", " + unreadable + " unreadable left out");
  }

  private String layout() {
    return source.channels() + "×" + source.size() + "×" + source.size();
  }

  @Override
  protected long availableSize() {
    return pictures.length;
  }

  @Override
  protected ImageDataset newSubDataset(int[] indices, int from, int to) {
    return select(Arrays.copyOfRange(indices, from, to));
  }

  @Override
  protected ImageDataset newSubDataset(List<Long> indices) {
    return select(indices.stream().mapToInt(this::position).toArray());
  }

  /** The samples at the given positions, in that order. */
  ImageDataset select(int[] positions) {
    int[] chosen = Arrays.stream(positions).map(position -> pictures[position]).toArray();
    return new ImageDataset(source, chosen, batchSize, seed);
  }

  /** The samples' positions among all pictures of the source. */
  int[] pictures() {
    return pictures.clone();
  }

  /** What the samples are drawn from. */
  Pictures source() {
    return source;
  }

  /** The number of samples in a batch; the last one may be smaller. */
  int batchSize() {
    return batchSize;
  }

  private Sampler.SubSampler order(NDManager manager) {
    if (seed == null) {
      return new SequenceSampler();
    }
    int pass = passes.merge(manager, 1, Integer::sum) - 1;
    int[] order = Permutations.ofPass(pictures.length, seed, pass);
    return dataset -> Arrays.stream(order).asLongStream().iterator();
  }

  private BatchIterator.Content load(Staging staging, NDManager manager, List<Long> indices) {
    int[] chosen = indices.stream().mapToInt(index -> pictures[position(index)]).toArray();
    Shape shape = new Shape(chosen.length, source.channels(), source.size(), source.size());
    NDArray data =
        staging.array(
            manager,
            shape,
            DataType.FLOAT32,
            buffer -> source.write(chosen, buffer.asFloatBuffer()));
    NDArray labels =
        staging.array(
            manager,
            new Shape(chosen.length),
            DataType.INT64,
            buffer -> {
              for (int picture : chosen) {
                buffer.putLong(source.label(picture));
              }
            });
    return new BatchIterator.Content(
        new NDList(data), new NDList(labels), chosen.length, List.copyOf(indices));
  }

  private int position(long index) {
    if (index < 0 || index >= pictures.length) {
      throw new QalibreException("no sample " + index + ": expected 0 to " + (pictures.length - 1));
    }
    return (int) index;
  }

  /** What DJL's constructor insists on. */
  private static final class Builder extends BaseBuilder<Builder> {
    @Override
    protected Builder self() {
      return this;
    }
  }
}
