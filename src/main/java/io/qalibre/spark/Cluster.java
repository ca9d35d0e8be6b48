package io.qalibre.spark;

import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.progress.Progress;
import io.qalibre.progress.Task;
import io.qalibre.spark.PartitionResult.Counts;
import io.qalibre.spark.SparkPass.Cost;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.SparkJobInfo;
import org.apache.spark.SparkStageInfo;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.JavaSparkStatusTracker;
import org.apache.spark.broadcast.Broadcast;
import org.jspecify.annotations.Nullable;

/** The driver's side: sends work to the workers, reports progress, and gathers what they found. */
final class Cluster {
  private static final int POLL_MILLIS = 200;

  private final JavaSparkContext spark;
  private final List<SparkPass> passes = Collections.synchronizedList(new ArrayList<>());

  Cluster(JavaSparkContext spark) {
    this.spark = spark;
  }

  JavaSparkContext spark() {
    return spark;
  }

  /** The passes made so far. */
  List<SparkPass> passes() {
    synchronized (passes) {
      return List.copyOf(passes);
    }
  }

  /**
   * Has work done on all partitions.
   *
   * @param title what is being done
   * @return what was found in each partition, in their order; null where it has no sample
   * @throws QalibreException if a task fails as often as Spark allows, with what it said, or there
   *     is no sample that can be read
   * @throws InterruptedWorkException if the user asked to stop
   */
  List<@Nullable Object> run(String title, SparkSamples samples, PartitionWork work) {
    try {
      return gathered(title, samples, work);
    } catch (Exception e) { // Scala throws what Java would have to declare.
      if (e instanceof InterruptedException) {
        throw failure(title, e);
      }
      throw e;
    }
  }

  private List<@Nullable Object> gathered(String title, SparkSamples samples, PartitionWork work) {
    long began = System.nanoTime();
    Shipment shipment = new Shipment(work);
    Broadcast<Shipment> broadcast = spark.broadcast(shipment);
    try {
      JavaFutureAction<List<byte[]>> job =
          samples
              .batches()
              .mapPartitionsWithIndex(new PartitionTask(broadcast, samples.isStrict()), true)
              .collectAsync();
      List<byte[]> results = await(title, job, samples.partitions());
      List<@Nullable Object> found = new ArrayList<>();
      Counts counts = Counts.NONE;
      long received = 0;
      for (byte[] bytes : results) {
        PartitionResult result = PartitionResult.read(bytes);
        received += bytes.length;
        counts = counts.plus(result.counts());
        found.add(result.value());
      }
      Cost cost =
          new Cost((System.nanoTime() - began) / 1e9, counts.seconds(), shipment.size(), received);
      passes.add(
          new SparkPass(
              title,
              results.size(),
              counts.batches(),
              counts.samples(),
              counts.unreadable(),
              counts.examples(),
              cost));
      requireSamples(title, counts);
      return found;
    } finally {
      broadcast.destroy();
    }
  }

  private static void requireSamples(String title, Counts counts) {
    if (counts.samples() == 0) {
      throw new QalibreException(
          counts.unreadable() == 0
              ? title + ": the dataset is empty; expected at least one sample"
              : "%s: none of %d samples can be read; the first: %s"
                  .formatted(title, counts.unreadable(), counts.examples().get(0)));
    }
  }

  private List<byte[]> await(String title, JavaFutureAction<List<byte[]>> job, int tasks) {
    try (Task task = Progress.start(title, tasks)) {
      while (true) {
        try {
          List<byte[]> results = job.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
          task.update(tasks, "");
          return results;
        } catch (TimeoutException e) {
          report(task, job);
        }
      }
    } catch (InterruptedException e) {
      job.cancel(true);
      throw failure(title, e);
    } catch (ExecutionException e) {
      throw failure(title, e);
    }
  }

  /** What Spark's listeners know by now. */
  private void report(Task task, JavaFutureAction<?> job) {
    JavaSparkStatusTracker tracker = spark.statusTracker();
    int done = 0;
    int failed = 0;
    for (int id : job.jobIds()) {
      SparkJobInfo info = tracker.getJobInfo(id);
      for (int stage : info == null ? new int[0] : info.stageIds()) {
        SparkStageInfo state = tracker.getStageInfo(stage);
        if (state != null) {
          done = state.numCompletedTasks();
          failed += state.numFailedTasks();
        }
      }
    }
    task.update(done, failed == 0 ? "" : failed + " tasks failed and are run again");
  }

  /** What a worker or Spark said, in a sentence. */
  static QalibreException failure(String title, Exception e) {
    if (e instanceof InterruptedException) {
      return new InterruptedWorkException(title + " stopped; nothing of it is kept");
    }
    Throwable cause = e;
    while (cause != null) {
      if (cause instanceof QalibreException own) {
        return new QalibreException(String.valueOf(own.getMessage()), e);
      }
      cause = cause.getCause();
    }
    String first =
        String.valueOf(Objects.requireNonNullElse(e.getCause(), e).getMessage())
            .lines()
            .findFirst()
            .orElse("");
    return new QalibreException("%s: Spark gave up: %s".formatted(title, first), e);
  }
}
