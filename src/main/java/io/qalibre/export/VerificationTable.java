package io.qalibre.export;

import io.qalibre.engine.Accuracy;
import io.qalibre.export.Verification.Accuracies;
import io.qalibre.export.Verification.Agreement;
import io.qalibre.export.Verification.Distances;
import io.qalibre.export.Verification.Latency;
import io.qalibre.view.Tables;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import tech.tablesaw.api.Table;

/** A {@link Verification} as a table: what is to be compared stands one below the other. */
final class VerificationTable {
  private final List<Row> rows = new ArrayList<>();

  private VerificationTable() {}

  private record Row(String what, double value, double error, String unit) {
    Row(String what, double value, String unit) {
      this(what, value, Double.NaN, unit);
    }
  }

  static Table of(Verification verification) {
    VerificationTable table = new VerificationTable();
    Distances distances = verification.distances();
    table.rows.add(new Row("samples", verification.agreement().n(), ""));
    Accuracies accuracies = verification.accuracies();
    if (accuracies != null) {
      table.accuracies(accuracies);
    }
    table.distances("same top-1", distances, Agreement::top1, "% of samples");
    table.distances("SQNR", distances, Agreement::sqnr, "dB");
    table.distances("mean difference", distances, Agreement::mean, "");
    table.distances("largest difference", distances, Agreement::largest, "");
    table.rows.add(new Row("size, FP32", verification.size().floatBytes() / 1024.0, "KiB"));
    table.rows.add(new Row("size, INT8", verification.size().int8Bytes() / 1024.0, "KiB"));
    verification.latencies().forEach(table::latency);
    return Tables.of("ONNX Runtime beside the simulation", table.rows)
        .text("measure", Row::what)
        .number("value", Row::value)
        .number("standard error", Row::error)
        .text("unit", Row::unit)
        .build();
  }

  private void accuracies(Accuracies accuracies) {
    rows.add(accuracy("top-1, simulation", accuracies.simulation()));
    rows.add(accuracy("top-1, ONNX Runtime unfused", accuracies.unfused()));
    rows.add(accuracy("top-1, ONNX Runtime fused", accuracies.runtime()));
    rows.add(
        new Row(
            "top-1, fused − simulation",
            accuracies.difference(),
            accuracies.standardError(),
            "points (paired)"));
  }

  private static Row accuracy(String what, Accuracy accuracy) {
    return new Row(what, accuracy.top1(), accuracy.standardError(), "%");
  }

  private void distances(
      String what, Distances distances, ToDoubleFunction<Agreement> measure, String unit) {
    rows.add(
        new Row(
            what + ", simulation ↔ unfused",
            measure.applyAsDouble(distances.simulationToUnfused()),
            unit));
    rows.add(
        new Row(
            what + ", unfused ↔ fused", measure.applyAsDouble(distances.unfusedToFused()), unit));
    rows.add(
        new Row(
            what + ", simulation ↔ fused",
            measure.applyAsDouble(distances.simulationToFused()),
            unit));
  }

  private void latency(Latency latency) {
    String batch = ", batch of " + latency.batch();
    rows.add(new Row("latency, FP32" + batch, latency.floatMillis(), "ms"));
    rows.add(new Row("latency, INT8" + batch, latency.int8Millis(), "ms"));
  }
}
