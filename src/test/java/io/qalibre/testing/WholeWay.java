package io.qalibre.testing;

import io.qalibre.Calibration;
import io.qalibre.Network;
import io.qalibre.Qalibre;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizationSimModel;
import io.qalibre.QuantizedNetwork;
import io.qalibre.export.EncodingsVersion;
import io.qalibre.export.Export;
import io.qalibre.export.ExportOptions;
import io.qalibre.ptq.AdaRound;
import io.qalibre.qat.Qat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * All that reads or writes files, and most that computes, with a small network, in seconds: what a
 * bad day is tried on. As a program it takes a folder, writes its files there, and prints what it
 * has found.
 */
public final class WholeWay {
  /** The files that are the same whenever and wherever the whole way is gone. */
  public static final List<String> FILES =
      List.of(
          "start.onnx",
          "seen.json",
          "V0_6_1.encodings",
          "V1_0_0.encodings",
          "V2_0_0.encodings",
          "V1_0_0.onnx",
          "V1_0_0_qdq.onnx");

  /** Samples to learn from, to calibrate and to measure with. */
  public static final Labelled SAMPLES = Labelled.random(3, 32, 3, 6, 6);

  private final Path folder;
  private final StringBuilder found = new StringBuilder();

  private WholeWay(Path folder) {
    this.folder = folder;
  }

  /** The program. */
  public static void main(String[] arguments) throws IOException {
    System.out.println(go(Files.createDirectories(Path.of(arguments[0]))));
    System.out.println("done in " + Locale.getDefault());
  }

  /** Goes the whole way; gives what was found. */
  public static String go(Path folder) throws IOException {
    WholeWay way = new WholeWay(folder);
    way.run();
    return way.found.toString();
  }

  /** A network with layers, a normalization and a ReLU6. */
  public static Network network() {
    return Qalibre.of(
        Net.input(3, 6, 6)
            .conv("c", "x", 8, 3, 3, 3)
            .batchNorm("n", "c", 8)
            .constant("zero", io.qalibre.graph.Tensor.scalar(0f))
            .constant("six", io.qalibre.graph.Tensor.scalar(6f))
            .op("r", "Clip", List.of("n", "zero", "six"))
            .conv("d", "r", 8, 8, 3, 3)
            .op("s", "Relu", List.of("d"))
            .op("p", "GlobalAveragePool", List.of("s"))
            .op("f", "Flatten", List.of("p"))
            .linear("y", "f", 3, 8)
            .build("y"));
  }

  private void run() throws IOException {
    Path start = folder.resolve("start.onnx");
    network().save(start);
    Network network = Qalibre.load(start).foldBatchNorms().equalizeLayers();
    QuantizationSimModel sim = network.simulate(QuantConfig.int8().withWeightBits(4));
    Path seen = folder.resolve("seen.json");
    sim.calibrate(SAMPLES).save(seen);
    QuantizedNetwork quantized = sim.computeEncodings(Calibration.load(seen));
    found(quantized.evaluate(SAMPLES));
    QuantizedNetwork rounded =
        quantized.adaRound(SAMPLES, AdaRound.iterations(50).checkpointsIn(folder));
    rounded.rounding().layers().forEach(layer -> found(layer.node() + " " + layer.gain().after()));
    QuantizedNetwork trained =
        rounded.train(SAMPLES, Qat.epochs(1).validate(SAMPLES).checkpointsIn(folder));
    found(trained.history().losses());
    for (EncodingsVersion version : EncodingsVersion.values()) {
      Export export =
          trained.export(folder, version.name(), ExportOptions.DEFAULT.withEncodings(version));
      found(sim.loadEncodings(export.encodings().path()).evaluate(SAMPLES));
      found(Qalibre.loadQuantized(export.qdq().path()).evaluate(SAMPLES));
      found(export.verify(SAMPLES).agreement());
    }
    found(trained.encodings().print());
    trained.report(folder.resolve("report.html"));
    try (Stream<Path> files = Files.list(folder)) {
      found(files.map(file -> file.getFileName().toString()).sorted().toList());
    }
  }

  private void found(Object what) {
    found.append(what).append('\n');
  }
}
