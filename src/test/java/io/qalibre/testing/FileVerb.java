package io.qalibre.testing;

import io.qalibre.Calibration;
import io.qalibre.Network;
import io.qalibre.Qalibre;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizationSimModel;
import io.qalibre.QuantizedNetwork;
import io.qalibre.ptq.AdaRound;
import io.qalibre.qat.Qat;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * A verb that writes files.
 *
 * @param name the verb
 * @param file the name of a file that it writes; part of the name where only that is known
 * @param call writes into a folder
 */
public record FileVerb(String name, String file, Consumer<Path> call) {
  private static final Labelled SAMPLES = WholeWay.SAMPLES;

  /** Large enough for files of several KiB. */
  private static final Network NETWORK =
      Qalibre.of(
          Net.input(3, 6, 6)
              .conv("c", "x", 24, 3, 3, 3)
              .op("r", "Relu", List.of("c"))
              .conv("d", "r", 24, 24, 3, 3)
              .op("s", "Relu", List.of("d"))
              .op("p", "GlobalAveragePool", List.of("s"))
              .op("f", "Flatten", List.of("p"))
              .linear("y", "f", 3, 24)
              .build("y"));

  private static final QuantizationSimModel SIM =
      NETWORK.simulate(QuantConfig.int8().withWeightBits(4));

  private static final QuantizedNetwork QUANTIZED = SIM.computeEncodings(SAMPLES);

  /** All verbs that write files, but for the program that trains the shipped networks. */
  public static List<FileVerb> all() {
    return List.of(
        new FileVerb("save", "net.onnx", folder -> NETWORK.save(folder.resolve("net.onnx"))),
        new FileVerb(
            "save what was seen",
            "seen.json",
            folder -> QUANTIZED.calibration().save(folder.resolve("seen.json"))),
        new FileVerb("export", "q.onnx", folder -> QUANTIZED.export(folder, "q")),
        new FileVerb(
            "report", "report.html", folder -> QUANTIZED.report(folder.resolve("report.html"))),
        new FileVerb(
            "train",
            "net-train-",
            folder -> QUANTIZED.train(SAMPLES, Qat.epochs(2).checkpointsIn(folder))),
        new FileVerb(
            "adaRound",
            "net-adaRound-",
            folder -> QUANTIZED.adaRound(SAMPLES, AdaRound.iterations(40).checkpointsIn(folder))));
  }

  /** Reads all that the verbs have written; fails if something is not whole. */
  public static void readAll(Path folder) {
    Qalibre.load(folder.resolve("net.onnx"));
    SIM.computeEncodings(Calibration.load(folder.resolve("seen.json")));
    Qalibre.load(folder.resolve("q.onnx"));
    SIM.loadEncodings(folder.resolve("q.encodings"));
    Qalibre.loadQuantized(folder.resolve("q_qdq.onnx"));
  }

  @Override
  public String toString() {
    return name;
  }
}
