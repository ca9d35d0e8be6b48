package io.qalibre.spark;

import io.qalibre.Calibration;
import io.qalibre.QuantizationSimModel;
import io.qalibre.engine.Calibrator;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Statistics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Calibration in two steps: bins first, then counts in them, which merge by addition. Bins are
 * those of the first batch that holds anything but zeros, as on one machine.
 */
final class SparkCalibration {
  private static final String BINS = "calibrate, first batch";
  private static final String COUNTS = "calibrate";

  private final Cluster cluster;
  private final Simulation parameters;

  private SparkCalibration(Cluster cluster, Simulation parameters) {
    this.cluster = cluster;
    this.parameters = parameters;
  }

  /** What activations' quantizers see of all samples. */
  static Calibration observe(Cluster cluster, QuantizationSimModel sim, SparkSamples samples) {
    SparkCalibration calibration =
        new SparkCalibration(cluster, Calibrator.withParameters(sim.graph()));
    CommonBins bins =
        samples.partitions() == 1
            ? CommonBins.NONE
            : CommonBins.of(
                Objects.requireNonNull(
                    calibration.pass(BINS, samples.leading(), CommonBins.NONE).get(0)));
    return calibration.counts(samples, bins);
  }

  /**
   * Counts. Where a quantizer saw zeros only in the first batch, partitions have counted in bins of
   * their own; if these differ, all is counted once more, in those of the first one.
   */
  private Calibration counts(SparkSamples samples, CommonBins bins) {
    List<@Nullable Map<String, Statistics>> parts = pass(COUNTS, samples, bins);
    CommonBins common = bins.with(parts);
    for (Map<String, Statistics> part : parts) {
      if (part != null && !common.fit(part)) {
        return counts(samples, common);
      }
    }
    Calibration all = Calibration.NONE;
    for (Map<String, Statistics> part : parts) {
      if (part != null) {
        all = all.merge(new Calibration(part));
      }
    }
    return all;
  }

  @SuppressWarnings("unchecked") // What PartitionWork.Observe gives.
  private List<@Nullable Map<String, Statistics>> pass(
      String title, SparkSamples samples, CommonBins bins) {
    List<@Nullable Map<String, Statistics>> parts = new ArrayList<>();
    for (Object part : cluster.run(title, samples, new PartitionWork.Observe(parameters, bins))) {
      parts.add((Map<String, Statistics>) part);
    }
    return parts;
  }
}
