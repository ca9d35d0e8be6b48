package io.qalibre.benchmarks;

import io.qalibre.Calibration;
import io.qalibre.Qalibre;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizationSimModel;
import io.qalibre.QuantizedNetwork;
import io.qalibre.data.Datasets;
import io.qalibre.data.ImageDataset;
import io.qalibre.data.Preprocessing;
import io.qalibre.models.MobileNetV2;
import io.qalibre.spark.SparkPass;
import io.qalibre.spark.SparkQalibre;
import io.qalibre.spark.SparkSamples;
import java.awt.Graphics2D;
import java.awt.Image;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.apache.spark.sql.SparkSession;

/**
 * What {@code benchmarks/spark/run} measures, with one and with two single-threaded executors, in
 * turns: calibration and evaluation of the shipped MobileNetV2 on Fashion-MNIST, and calibration of
 * MobileNetV2 at ImageNet's size on JPEG files, which are read, decoded and brought to size.
 * Spark's settings are system properties.
 */
public final class SparkThroughput {
  private static final String MODEL = "data/models/mobilenet_v2.onnx";
  private static final int EXECUTORS = 2;
  private static final int BATCH = 25;
  private static final int MERGES = 200;

  /** Of pictures in files: one for so many samples, in ImageNet's usual size. */
  private static final int SHARE = 32;

  private static final int WIDTH = 500;
  private static final int HEIGHT = 375;
  private static final int CROP = 224;
  private static final int CLASSES = 1000;

  private SparkThroughput() {}

  /** The passes of one number of executors: samples a second, by what was done. */
  private record Measured(Map<String, List<Double>> rates) {
    Measured() {
      this(new TreeMap<>());
    }

    void add(String what, SparkPass pass) {
      rates
          .computeIfAbsent(what, k -> new ArrayList<>())
          .add(pass.samples() / pass.cost().seconds());
    }

    double median(String what) {
      double[] sorted =
          rates.getOrDefault(what, List.of()).stream()
              .mapToDouble(Double::doubleValue)
              .sorted()
              .toArray();
      return sorted[sorted.length / 2];
    }

    List<Long> rounded(String what) {
      return rates.getOrDefault(what, List.of()).stream().map(Math::round).toList();
    }
  }

  /**
   * The work.
   *
   * @param data samples that travel as numbers
   * @param sim calibrated on them
   * @param quantized evaluated on them
   * @param folder JPEG files
   * @param large calibrated on these
   */
  private record Work(
      ImageDataset data,
      QuantizationSimModel sim,
      QuantizedNetwork quantized,
      Path folder,
      QuantizationSimModel large) {}

  /** Takes the number of samples of a pass and the number of rounds. */
  public static void main(String[] arguments) throws IOException {
    int samples = Integer.parseInt(arguments[0]);
    int rounds = Integer.parseInt(arguments[1]);
    ImageDataset data = Datasets.fashionMnist().as(3, 32).test().first(samples).batch(BATCH);
    QuantizationSimModel sim = Qalibre.load(MODEL).foldBatchNorms().simulate(QuantConfig.int8());
    QuantizationSimModel large =
        Qalibre.of(MobileNetV2.graph(CROP, CLASSES, 1))
            .foldBatchNorms()
            .simulate(QuantConfig.int8());
    Work work =
        new Work(
            data, sim, sim.computeEncodings(data.first(BATCH)), pictures(samples / SHARE), large);
    List<Measured> measured = List.of(new Measured(), new Measured());
    for (int round = 0; round < rounds; round++) {
      for (int executors = 1; executors <= EXECUTORS; executors++) {
        turn(executors, work, measured.get(executors - 1));
      }
    }
    for (String what : measured.get(0).rates.keySet()) {
      double one = measured.get(0).median(what);
      double two = measured.get(1).median(what);
      System.out.printf(
          Locale.ROOT,
          "%s: %.1f samples/s with one executor, %.1f with two: %.2f times (medians of %s and %s)%n",
          what,
          one,
          two,
          two / one,
          measured.get(0).rounded(what),
          measured.get(1).rounded(what));
    }
    merging(sim.calibrate(data.first(4 * BATCH)));
  }

  /** Noise that is smooth enough for files of the size that photographs have. */
  private static Path pictures(int number) throws IOException {
    Path folder = Files.createTempDirectory("pictures");
    Random random = new Random(1);
    for (int i = 0; i < number; i++) {
      BufferedImage small = new BufferedImage(WIDTH / 4, HEIGHT / 4, BufferedImage.TYPE_INT_RGB);
      for (int y = 0; y < small.getHeight(); y++) {
        for (int x = 0; x < small.getWidth(); x++) {
          small.setRGB(x, y, random.nextInt());
        }
      }
      BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
      Graphics2D graphics = image.createGraphics();
      graphics.drawImage(small.getScaledInstance(WIDTH, HEIGHT, Image.SCALE_SMOOTH), 0, 0, null);
      graphics.dispose();
      ImageIO.write(image, "jpg", folder.resolve("%05d.jpg".formatted(i)).toFile());
    }
    return folder;
  }

  private static void turn(int executors, Work work, Measured measured) throws IOException {
    try (SparkSession session =
        SparkSession.builder()
            .appName(executors + " executors")
            .config("spark.cores.max", executors)
            .config("spark.executor.cores", 1)
            // All executors are there before anything is measured.
            .config("spark.scheduler.minRegisteredResourcesRatio", 1.0)
            .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "120s")
            .getOrCreate()) {
      SparkQalibre spark = SparkQalibre.on(session);
      SparkSamples samples = spark.samples(work.data);
      SparkSamples files =
          spark.pictures(
              session.read().format("binaryFile").load(work.folder.toString()),
              Preprocessing.TORCHVISION);
      System.out.println(executors + " executors");
      Turn turn = new Turn(executors, spark, measured);
      turn.take("evaluate", 3, () -> spark.evaluate(work.quantized, samples));
      turn.take("calibrate", 2, () -> spark.calibrate(work.sim, samples));
      turn.take("calibrate on files", 1, () -> spark.calibrate(work.large, files));
    }
  }

  /**
   * The passes of one number of executors, in one application.
   *
   * @param executors their number
   * @param spark makes the passes
   * @param measured takes what they took
   */
  private record Turn(int executors, SparkQalibre spark, Measured measured) {
    /**
     * Makes a pass several times. As many for each executor go before, for compilers and caches:
     * two executors share a pass, and each is to have seen as much as one alone.
     */
    void take(String what, int times, Runnable pass) {
      for (int i = 0; i < times * executors; i++) {
        pass.run();
      }
      for (int i = 0; i < times; i++) {
        pass.run();
        SparkPass last = spark.passes().get(spark.passes().size() - 1);
        measured.add(what, last);
        System.out.println("  " + described(last));
      }
    }
  }

  private static String described(SparkPass pass) {
    return String.format(
        Locale.ROOT,
        "%s; %.2f s, of tasks %.2f s; %,d bytes to each executor, %,d bytes back from a task",
        pass,
        pass.cost().seconds(),
        pass.cost().taskSeconds(),
        pass.cost().sent(),
        pass.cost().received() / pass.tasks());
  }

  /** The driver's part: adding up what tasks give back. */
  private static void merging(Calibration part) {
    double[] millis = new double[MERGES];
    Calibration all = part;
    for (int i = 0; i < MERGES; i++) {
      long began = System.nanoTime();
      all = all.merge(part);
      millis[i] = (System.nanoTime() - began) / 1e6;
    }
    Arrays.sort(millis);
    System.out.printf(
        Locale.ROOT,
        "merging what a task gives back: %.2f ms (median of %d)%n",
        millis[MERGES / 2],
        MERGES);
  }
}
