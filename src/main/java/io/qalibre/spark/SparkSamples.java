package io.qalibre.spark;

import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.util.Progress;
import io.qalibre.engine.HeapBatch;
import io.qalibre.engine.HeapDataset;
import io.qalibre.errors.QalibreException;
import io.qalibre.view.Numbers;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.jspecify.annotations.Nullable;

/**
 * Samples on a cluster: batches in a fixed order, divided among partitions. Where the partitions
 * begin and end, and which is done first, changes nothing in any result.
 *
 * <p>It is a dataset as well: what runs on this machine goes through the same batches, one
 * partition after the other, so that results can be compared.
 */
public final class SparkSamples implements Dataset {
  private static final int TASKS_A_CORE = 4;
  private static final int BATCHES_A_TASK = 32;

  /** What calibrating gives back, some hundred KB a task, has to fit into the driver. */
  private static final int MOST_TASKS = 2000;

  /** How many batches travel to this machine at once: a few, which are to fit into the driver. */
  private static final int FETCHED = 4;

  private final JavaRDD<SampleBatch> batches;
  private final Facts facts;
  private final boolean strict;

  /**
   * What is known before a pass.
   *
   * @param samples how many samples there are, readable or not
   * @param batchSize the number of samples in a batch; the last one may be smaller
   * @param labelled whether they have labels
   */
  record Facts(long samples, int batchSize, boolean labelled) {}

  SparkSamples(JavaRDD<SampleBatch> batches, Facts facts, boolean strict) {
    this.batches = batches;
    this.facts = facts;
    this.strict = strict;
  }

  /**
   * A dataset of this machine, whose batches travel to the workers as numbers.
   *
   * @throws QalibreException if it is empty or fails
   */
  static SparkSamples of(JavaSparkContext spark, Dataset dataset) {
    List<SampleBatch> batches = new ArrayList<>();
    long[] samples = {0};
    int[] most = {0};
    boolean[] labelled = {false};
    HeapDataset.forEach(
        dataset,
        batch -> {
          batches.add(NumberBatch.of(spark, batch));
          samples[0] += batch.samples();
          most[0] = Math.max(most[0], (int) batch.samples());
          labelled[0] |= !batch.labels().isEmpty();
        });
    if (batches.isEmpty()) {
      throw new QalibreException("the dataset is empty; expected at least one sample");
    }
    int partitions = partitions(spark.defaultParallelism(), batches.size());
    return new SparkSamples(
        spark.parallelize(batches, partitions), new Facts(samples[0], most[0], labelled[0]), false);
  }

  /**
   * How many partitions so many batches make: some a core, so that a slow one does fewer, and no
   * very long ones. As many for each core, so that none waits while others have one more to do.
   */
  static int partitions(int cores, int batches) {
    int many = Math.max(TASKS_A_CORE * cores, batches / BATCHES_A_TASK);
    int wanted = Math.max(cores, Math.min(MOST_TASKS, many));
    return Math.max(1, Math.min(batches, cores * ((wanted + cores - 1) / cores)));
  }

  /** The same, but a sample that cannot be read is an error instead of being counted. */
  public SparkSamples strict() {
    return new SparkSamples(batches, facts, true);
  }

  boolean isStrict() {
    return strict;
  }

  /** The number of samples, readable or not. */
  public long size() {
    return facts.samples;
  }

  boolean labelled() {
    return facts.labelled;
  }

  /** The number of partitions: of tasks in a pass. */
  public int partitions() {
    return batches.getNumPartitions();
  }

  JavaRDD<SampleBatch> batches() {
    return batches;
  }

  /** The first batch that holds anything; it travels by way of this machine. All if none does. */
  SparkSamples leading() {
    PartitionFeed feed = local(1);
    if (!feed.hasNext()) {
      return this;
    }
    HeapBatch first = feed.next();
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(batches.context());
    List<SampleBatch> one = List.of(NumberBatch.of(spark, first));
    return new SparkSamples(spark.parallelize(one, 1), facts, strict);
  }

  /**
   * The first samples, on this machine.
   *
   * @param n how many; all where there are not as many
   */
  Dataset first(int n) {
    List<HeapBatch> taken = new ArrayList<>();
    long left = n;
    for (PartitionFeed feed = local(FETCHED); left > 0 && feed.hasNext(); ) {
      HeapBatch batch = feed.next().first(left);
      taken.add(batch);
      left -= batch.samples();
    }
    return new HeapDataset(taken::iterator);
  }

  /** A pass on this machine, to which the cluster sends a few batches at a time. */
  private PartitionFeed local(int atOnce) {
    return new PartitionFeed(new FetchedBatches(batches, atOnce), strict);
  }

  /** A pass on this machine. */
  @Override
  public Iterable<Batch> getData(NDManager manager) {
    return new HeapDataset(() -> local(FETCHED)).getData(manager);
  }

  /** Nothing to prepare. */
  @Override
  public void prepare(@Nullable Progress progress) {}

  /** Such as {@code 1,000 labelled samples in batches of 50, 8 partitions}. */
  @Override
  public String toString() {
    return "%s %ssamples in batches of %d, %d partitions"
        .formatted(
            Numbers.count(facts.samples),
            facts.labelled ? "labelled " : "",
            facts.batchSize,
            partitions());
  }
}
