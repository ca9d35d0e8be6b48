package io.qalibre.spark;

import ai.djl.training.dataset.Dataset;
import io.qalibre.AutoQuantSamples;
import io.qalibre.Calibration;
import io.qalibre.Evaluable;
import io.qalibre.Network;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizationSimModel;
import io.qalibre.QuantizedNetwork;
import io.qalibre.analysis.AutoQuant;
import io.qalibre.analysis.Budget;
import io.qalibre.analysis.Measure;
import io.qalibre.analysis.MixedPrecision;
import io.qalibre.analysis.Sensitivity;
import io.qalibre.analysis.SensitivityAnalysis;
import io.qalibre.data.Preprocessing;
import io.qalibre.engine.Accuracy;
import io.qalibre.errors.QalibreException;
import io.qalibre.view.Numbers;
import io.qalibre.view.Tables;
import io.qalibre.view.Viewable;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import tech.tablesaw.api.Table;

/**
 * Qalibre's passes over samples on Apache Spark: calibration, evaluation, and the searches that are
 * made of many evaluations. Results are those of one machine on the same batches, whatever the
 * number of partitions and workers, the order in which they finish, and what is lost on the way;
 * {@code docs/spark.md} says how to submit, and what it costs.
 *
 * <p>Each verb takes a dataset: {@link SparkSamples}, made of files by {@link #pictures}, or any
 * other, whose batches then travel to the workers each time; {@link #samples} sends them once for
 * several verbs.
 *
 * <p>Interrupting the cell cancels the job; nothing of it is kept.
 */
public final class SparkQalibre implements Viewable {
  /**
   * Few, since all activations of a batch are in memory at once: of MobileNetV2 at 224×224 150 MB a
   * picture.
   */
  private static final int BATCH = 8;

  private final Cluster cluster;

  private SparkQalibre(Cluster cluster) {
    this.cluster = cluster;
  }

  /**
   * Works on a cluster.
   *
   * @param session Spark's; it stays the caller's to stop
   */
  public static SparkQalibre on(SparkSession session) {
    return new SparkQalibre(new Cluster(JavaSparkContext.fromSparkContext(session.sparkContext())));
  }

  /**
   * Pictures of a table, in batches of 8; see {@link #pictures(org.apache.spark.sql.Dataset,
   * Preprocessing, int)}.
   */
  public SparkSamples pictures(
      org.apache.spark.sql.Dataset<Row> rows, Preprocessing preprocessing) {
    return pictures(rows, preprocessing, BATCH);
  }

  /**
   * Pictures of a table, in the order of their files' names. Those that cannot be read are counted
   * and left out of their batches; {@link SparkSamples#strict()} makes them errors.
   *
   * @param rows of Spark's source {@code binaryFile} (columns {@code path}, {@code content}) or
   *     {@code image}; with a column {@code label}, of class indices, where labels are needed
   * @param preprocessing what a network sees of a picture
   * @param batchSize the number of pictures in a batch, at least 1
   * @throws QalibreException if columns or rows are missing, or two rows have the same name
   */
  public SparkSamples pictures(
      org.apache.spark.sql.Dataset<Row> rows, Preprocessing preprocessing, int batchSize) {
    if (batchSize < 1) {
      throw new QalibreException("expected batches of 1 picture or more, found " + batchSize);
    }
    return new PictureRows(rows, preprocessing, batchSize).samples(cluster.spark());
  }

  /**
   * A dataset of this machine in the cluster's partitions. Its batches travel as numbers, 4 bytes a
   * pixel and channel, so that some thousand samples go well; more belong into files that workers
   * read.
   *
   * @param dataset such as those of {@link io.qalibre.data.Datasets}; its batches stay as they are
   * @throws QalibreException if it is empty or fails
   */
  public SparkSamples samples(Dataset dataset) {
    return dataset instanceof SparkSamples own ? own : SparkSamples.of(cluster.spark(), dataset);
  }

  /**
   * Finds the range of every quantizer; see {@link QuantizationSimModel#computeEncodings(Dataset)}.
   *
   * @param samples inputs as the network will see them; labels are not looked at
   * @throws QalibreException if no sample can be read, one does not fit, a tensor holds NaN, or a
   *     worker cannot run
   */
  public QuantizedNetwork computeEncodings(QuantizationSimModel sim, Dataset samples) {
    return sim.computeEncodings(calibrate(sim, samples));
  }

  /**
   * Collects what the quantizers of activations see, while parameters are quantized: one
   * calibration serves all schemes.
   *
   * @param samples inputs as the network will see them; labels are not looked at
   * @throws QalibreException as {@link #computeEncodings}
   */
  public Calibration calibrate(QuantizationSimModel sim, Dataset samples) {
    return SparkCalibration.observe(cluster, sim, samples(samples));
  }

  /**
   * Measures a classifier's accuracy.
   *
   * @param samples inputs with class indices as labels
   * @throws QalibreException if no sample can be read, one does not fit, labels are missing, or a
   *     worker cannot run
   */
  public Accuracy evaluate(Evaluable network, Dataset samples) {
    PartitionWork work = new PartitionWork.Rank(network.simulation());
    return Accuracy.of(
        cluster.run("evaluate", samples(samples), work).stream()
            .filter(Objects::nonNull)
            .flatMapToInt(part -> Arrays.stream((int[]) part))
            .toArray());
  }

  /**
   * Finds out which layers suffer most from being quantized; see {@link
   * QuantizedNetwork#sensitivity}.
   *
   * @param samples inputs as the network will see them
   * @param measures how answers are judged, if not by SQNR and, with labels, top-1; those of {@link
   *     Measure}, for a metric of the user's own does not travel
   * @throws QalibreException if no quantizer is enabled, no sample can be read, one does not fit, a
   *     measure needs labels that are not there, or a worker cannot run
   */
  public Sensitivity sensitivity(QuantizedNetwork network, Dataset samples, Measure... measures) {
    return SensitivityAnalysis.measure(
        network.simulation(),
        network.floats(),
        new SparkScorer(cluster, samples(samples)),
        List.of(measures));
  }

  /**
   * Chooses the bits of each layer within a budget; see {@link
   * QuantizedNetwork#mixedPrecision(Dataset, Budget)}.
   *
   * @param samples inputs to choose on, with labels for a budget of accuracy
   * @throws QalibreException as on one machine, or if a worker cannot run
   */
  public QuantizedNetwork mixedPrecision(QuantizedNetwork network, Dataset samples, Budget budget) {
    return mixedPrecision(network, samples, MixedPrecision.within(budget));
  }

  /**
   * Chooses the bits of each layer; see {@link QuantizedNetwork#mixedPrecision(Dataset, Budget)}.
   *
   * @param samples inputs to choose on, with labels for a budget of accuracy
   * @param options how
   * @throws QalibreException as on one machine, or if a worker cannot run
   */
  public QuantizedNetwork mixedPrecision(
      QuantizedNetwork network, Dataset samples, MixedPrecision options) {
    return network.mixedPrecision(new SparkScorer(cluster, samples(samples)), options);
  }

  /**
   * Finds a way to quantize to 8 bits that loses no more than a target; see {@link
   * #autoQuant(Network, QuantConfig, Dataset, Dataset, AutoQuant)}.
   */
  public QuantizedNetwork autoQuant(
      Network network, Dataset calibration, Dataset validation, AutoQuant options) {
    return autoQuant(network, QuantConfig.int8(), calibration, validation, options);
  }

  /**
   * Finds a way to quantize that loses no more than a target; see {@link
   * Network#autoQuant(io.qalibre.data.ImageSplits, AutoQuant)}. The cluster calibrates and
   * evaluates; the techniques that go layer by layer run on the driver.
   *
   * @param config where quantizers sit, and their bits
   * @param calibration inputs that compute encodings, all of them; the first of them, as many as
   *     the options say for AdaRound, are what the techniques see
   * @param validation inputs with class indices as labels, to choose on
   * @param options the target
   * @throws QalibreException as on one machine, or if a worker cannot run
   */
  public QuantizedNetwork autoQuant(
      Network network,
      QuantConfig config,
      Dataset calibration,
      Dataset validation,
      AutoQuant options) {
    SparkSamples encodings = samples(calibration);
    SparkSamples judged = samples(validation);
    AutoQuantSamples all =
        new AutoQuantSamples() {
          @Override
          public Calibration calibrate(QuantizationSimModel sim) {
            return SparkQalibre.this.calibrate(sim, encodings);
          }

          @Override
          public Accuracy evaluate(Evaluable candidate) {
            return SparkQalibre.this.evaluate(candidate, judged);
          }

          @Override
          public Dataset layers() {
            return encodings.first(options.rounding());
          }
        };
    return network.autoQuant(all, config, options);
  }

  /** What the passes made so far through this value did, in order. */
  public List<SparkPass> passes() {
    return cluster.passes();
  }

  /** A row a pass made so far: samples, tasks, what could not be read, time and bytes. */
  @Override
  public Table table() {
    return Tables.of("Passes on Spark", passes())
        .text("pass", SparkPass::title)
        .integer("samples", SparkPass::samples)
        .integer("unreadable", SparkPass::unreadable)
        .integer("batches", SparkPass::batches)
        .integer("tasks", SparkPass::tasks)
        .number("seconds", pass -> Numbers.hundredths(pass.cost().seconds()))
        .number("seconds of all tasks", pass -> Numbers.hundredths(pass.cost().taskSeconds()))
        .integer("bytes to a worker", pass -> pass.cost().sent())
        .integer("bytes from all tasks", pass -> pass.cost().received())
        .build();
  }

  @Override
  public String toString() {
    List<SparkPass> all = passes();
    return "Qalibre on Spark "
        + cluster.spark().master()
        + (all.isEmpty()
            ? ""
            : ": " + all.size() + " passes, the last: " + all.get(all.size() - 1));
  }
}
