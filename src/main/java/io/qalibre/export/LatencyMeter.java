package io.qalibre.export;

import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.graph.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Measures how long two models take in ONNX Runtime, in turns, so that both see one machine. */
final class LatencyMeter {
  private static final int THREADS = 2;
  private static final int WARM_UP = 3;
  private static final int LEAST_RUNS = 5;
  private static final int MOST_RUNS = 50;
  private static final long ENOUGH_NANOS = 1_000_000_000L;

  private LatencyMeter() {}

  /**
   * Measures each batch.
   *
   * @param batches inputs by name
   */
  static List<Verification.Latency> measure(
      Path floatFile, Path int8File, List<Map<String, Tensor>> batches) {
    try (OrtModel one = OrtModel.open(floatFile, THREADS);
        OrtModel other = OrtModel.open(int8File, THREADS)) {
      return batches.stream().map(batch -> measure(one, other, batch)).toList();
    }
  }

  private static Verification.Latency measure(
      OrtModel one, OrtModel other, Map<String, Tensor> batch) {
    for (int i = 0; i < WARM_UP; i++) {
      one.run(batch);
      other.run(batch);
    }
    List<Long> floatTimes = new ArrayList<>();
    List<Long> int8Times = new ArrayList<>();
    long start = System.nanoTime();
    while (floatTimes.size() < LEAST_RUNS
        || (floatTimes.size() < MOST_RUNS && System.nanoTime() - start < ENOUGH_NANOS)) {
      InterruptedWorkException.check(() -> "verify stopped while measuring latency");
      floatTimes.add(time(one, batch));
      int8Times.add(time(other, batch));
    }
    long samples = batch.values().iterator().next().sizes()[0];
    return new Verification.Latency(samples, median(floatTimes), median(int8Times));
  }

  private static long time(OrtModel model, Map<String, Tensor> batch) {
    long start = System.nanoTime();
    model.run(batch);
    return System.nanoTime() - start;
  }

  private static double median(List<Long> nanos) {
    Collections.sort(nanos);
    int middle = nanos.size() / 2;
    long median =
        nanos.size() % 2 == 1 ? nanos.get(middle) : (nanos.get(middle - 1) + nanos.get(middle)) / 2;
    return median / 1e6;
  }
}
