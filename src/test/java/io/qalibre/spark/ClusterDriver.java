package io.qalibre.spark;

import io.qalibre.Calibration;
import io.qalibre.Network;
import io.qalibre.Qalibre;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizationSimModel;
import io.qalibre.data.Datasets;
import io.qalibre.data.ImageDataset;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.TensorEncoding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/**
 * A driver of its own process, for the tests of a real cluster: it computes encodings of the
 * shipped MobileNetV2 and writes them to a file. Spark's settings are system properties.
 */
final class ClusterDriver {
  /** On one machine, without a cluster. */
  static final String HERE = "here";

  /** All as it should be. */
  static final String WHOLE = "whole";

  /** Slowly, so that an executor can be killed meanwhile. */
  static final String SLOW = "slow";

  /** With executors that have no native library. */
  static final String BARE = "bare";

  static final int SAMPLES = 120;
  static final int BATCH = 8;

  private ClusterDriver() {}

  /** Does one of these and writes to a folder. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[1]);
    if (arguments[0].equals(HERE)) {
      write(folder, HERE, simulation(QuantScheme.MIN_MAX).calibrate(samples()));
      return;
    }
    try (SparkSession session = SparkSession.builder().getOrCreate()) {
      SparkQalibre spark = SparkQalibre.on(session);
      SparkSamples samples = spark.samples(samples());
      if (arguments[0].equals(SLOW)) {
        samples = slow(samples, folder);
      }
      Calibration seen = spark.calibrate(simulation(QuantScheme.MIN_MAX), samples);
      write(folder, arguments[0], seen);
      System.out.println(spark.table().print());
    } catch (RuntimeException e) {
      System.out.println("failed: " + e.getMessage());
    }
  }

  private static void write(Path folder, String name, Calibration seen) throws IOException {
    Files.write(folder.resolve(name), ValueWriter.write(encodings(seen)));
  }

  private static ImageDataset samples() {
    return Datasets.fashionMnist().as(3, 32).calibration(SAMPLES).batch(BATCH);
  }

  private static QuantizationSimModel simulation(QuantScheme scheme) {
    Network network = Qalibre.load("data/models/mobilenet_v2.onnx").foldBatchNorms();
    return network.simulate(QuantConfig.int8().withScheme(scheme));
  }

  /** By the schemes that are compared. */
  private static Map<String, Map<String, TensorEncoding>> encodings(Calibration seen) {
    Map<String, Map<String, TensorEncoding>> all = new LinkedHashMap<>();
    SmallNetwork.schemes()
        .forEach(
            scheme ->
                all.put(
                    scheme.toString(),
                    simulation(scheme).computeEncodings(seen).simulation().encodings()));
    return all;
  }

  /** Each batch takes a while, and leaves a line with the number of the process it was read in. */
  private static SparkSamples slow(SparkSamples samples, Path folder) {
    String lines = folder.resolve("read").toString();
    return new SparkSamples(
        samples.batches().map(batch -> (SampleBatch) () -> slowly(batch, lines)),
        new SparkSamples.Facts(SAMPLES, BATCH, true),
        false);
  }

  private static SampleBatch.Loaded slowly(SampleBatch batch, String lines) {
    try {
      Files.writeString(
          Path.of(lines),
          ProcessHandle.current().pid() + "\n",
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
      Thread.sleep(1000);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return batch.load();
  }
}
