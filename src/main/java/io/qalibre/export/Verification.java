package io.qalibre.export;

import io.qalibre.engine.Accuracy;
import io.qalibre.errors.QalibreException;
import io.qalibre.view.Tables;
import io.qalibre.view.Viewable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tech.tablesaw.api.Table;

/**
 * A simulation beside ONNX Runtime, on the same samples.
 *
 * @param agreement how far the outputs agree
 * @param accuracies how well both classify, or null where the samples have no labels
 * @param size the files' sizes
 * @param latencies how long ONNX Runtime takes, for a batch of one and for the samples' batches
 */
public record Verification(
    Agreement agreement, @Nullable Accuracies accuracies, Size size, List<Latency> latencies)
    implements Viewable {
  /** Copies the list. */
  public Verification {
    latencies = List.copyOf(latencies);
  }

  /**
   * How far the outputs of ONNX Runtime are from those of the simulation.
   *
   * @param n the number of samples
   * @param top1 the share of samples with the same most likely class, 0 to 100; NaN where the first
   *     output is not N×classes
   * @param largest the largest absolute difference of two outputs
   * @param mean the mean absolute difference
   * @param sqnr the signal-to-quantization-noise ratio in dB, 10·log10(Σ sim² / Σ (runtime −
   *     sim)²); infinite where all outputs are equal
   */
  public record Agreement(long n, double top1, double largest, double mean, double sqnr) {}

  /**
   * How well both classify the same samples.
   *
   * @param simulation the simulation's accuracy
   * @param runtime ONNX Runtime's
   */
  public record Accuracies(Accuracy simulation, Accuracy runtime) {
    /** ONNX Runtime's top-1 minus the simulation's, in points. */
    public double difference() {
      return runtime.top1() - simulation.top1();
    }

    /** The standard error of {@link #difference()}, in points; the samples are paired. */
    public double standardError() {
      return runtime.pairedStandardError(simulation);
    }
  }

  /**
   * The sizes of the two networks' files.
   *
   * @param floatBytes the float network's
   * @param int8Bytes the QDQ network's
   */
  public record Size(long floatBytes, long int8Bytes) {}

  /**
   * How long ONNX Runtime takes for a batch on two threads: the median of several runs.
   *
   * @param batch the number of samples
   * @param floatMillis the float network, in milliseconds
   * @param int8Millis the QDQ network, in milliseconds
   */
  public record Latency(long batch, double floatMillis, double int8Millis) {}

  /**
   * Whether the two top-1 accuracies differ by no more than two paired standard errors.
   *
   * @throws QalibreException if the samples had no labels
   */
  public boolean withinTwoStandardErrors() {
    if (accuracies == null) {
      throw new QalibreException(
          "accuracies need labels, and the samples verified on have none; verify on labelled ones");
    }
    return Math.abs(accuracies.difference()) <= 2 * accuracies.standardError();
  }

  private record Row(String what, double value, double error, String unit) {
    Row(String what, double value, String unit) {
      this(what, value, Double.NaN, unit);
    }
  }

  /** A row a measure, with its standard error where it has one. */
  @Override
  public Table table() {
    List<Row> rows = new ArrayList<>();
    rows.add(new Row("samples", agreement.n(), ""));
    if (accuracies != null) {
      rows.add(accuracy("top-1, simulation", accuracies.simulation()));
      rows.add(accuracy("top-1, ONNX Runtime", accuracies.runtime()));
      rows.add(
          new Row(
              "top-1, difference",
              accuracies.difference(),
              accuracies.standardError(),
              "points (paired)"));
    }
    rows.add(new Row("same top-1", agreement.top1(), "% of samples"));
    rows.add(new Row("largest difference of outputs", agreement.largest(), ""));
    rows.add(new Row("mean difference of outputs", agreement.mean(), ""));
    rows.add(new Row("SQNR, ONNX Runtime to simulation", agreement.sqnr(), "dB"));
    rows.add(new Row("size, FP32", size.floatBytes() / 1024.0, "KiB"));
    rows.add(new Row("size, INT8", size.int8Bytes() / 1024.0, "KiB"));
    for (Latency latency : latencies) {
      String batch = ", batch of " + latency.batch();
      rows.add(new Row("latency, FP32" + batch, latency.floatMillis(), "ms"));
      rows.add(new Row("latency, INT8" + batch, latency.int8Millis(), "ms"));
    }
    return Tables.of("ONNX Runtime beside the simulation", rows)
        .text("measure", Row::what)
        .number("value", Row::value)
        .number("standard error", Row::error)
        .text("unit", Row::unit)
        .build();
  }

  private static Row accuracy(String what, Accuracy accuracy) {
    return new Row(what, accuracy.top1(), accuracy.standardError(), "%");
  }

  /** The result in a sentence or three. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append(format("ONNX Runtime beside the simulation on %,d samples: ", agreement.n()));
    if (!Double.isNaN(agreement.top1())) {
      text.append(format("the same top-1 on %.2f %%, ", agreement.top1()));
    }
    text.append(
        agreement.largest() == 0 ? "outputs equal" : format("SQNR %.1f dB", agreement.sqnr()));
    if (accuracies != null) {
      text.append(
          format(
              "; top-1 %.2f %% against %.2f %% (difference %+.2f ± %.2f points)",
              accuracies.runtime().top1(),
              accuracies.simulation().top1(),
              accuracies.difference(),
              accuracies.standardError()));
    }
    text.append(
        format(
            ". %,.0f KiB instead of %,.0f", size.int8Bytes() / 1024.0, size.floatBytes() / 1024.0));
    for (Latency latency : latencies) {
      text.append(
          format(
              "; %.2f ms instead of %.2f for a batch of %d",
              latency.int8Millis(), latency.floatMillis(), latency.batch()));
    }
    return text.append(".").toString();
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
