package io.qalibre.benchmarks;

import io.qalibre.Network;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizedNetwork;
import io.qalibre.data.Samples;
import io.qalibre.quant.QuantScheme;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;

/**
 * A contender of {@code benchmarks/peers}: what is done to a network before its accuracy is known.
 */
public final class Preparation {
  private static final int BATCHES = 10;
  private static final Map<String, QuantScheme> SCHEMES =
      Map.of(
          "min_max", QuantScheme.MIN_MAX,
          "tf_enhanced", QuantScheme.TF_ENHANCED,
          "percentile", QuantScheme.percentile(99.99));

  private Preparation() {}

  /**
   * Takes the network, its size, the batch size, and {@code equalize}, {@code create}, {@code
   * export}, or {@code calibrate}, a scheme, and the number of batches where it is not 10.
   */
  public static void main(String[] arguments) throws IOException {
    int size = Integer.parseInt(arguments[1]);
    int batch = Integer.parseInt(arguments[2]);
    String scheme = arguments.length > 4 ? arguments[4] : "min_max";
    Network network = Networks.of(arguments[0], size);
    QuantConfig config = QuantConfig.perChannel().withScheme(SCHEMES.get(scheme));
    int batches = arguments.length > 5 ? Integer.parseInt(arguments[5]) : BATCHES;
    boolean calibrates = arguments[3].equals("calibrate");
    Samples samples = Pictures.samples(calibrates ? batches : 1, batch, size);
    Turns.serve(work(network, config, arguments[3], samples), 3);
  }

  private static DoubleSupplier work(
      Network network, QuantConfig config, String task, Samples samples) {
    Network folded = network.foldBatchNorms();
    return switch (task) {
      case "equalize" -> () -> timed(network::equalizeLayers);
      case "export" -> {
        QuantizedNetwork quantized = folded.simulate(config).computeEncodings(samples);
        yield () -> exported(quantized);
      }
      default -> () -> timed(() -> folded.simulate(config).computeEncodings(samples));
    };
  }

  private static double timed(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e6;
  }

  private static double exported(QuantizedNetwork quantized) {
    try {
      Path folder = Files.createTempDirectory("exported");
      double time = timed(() -> quantized.export(folder, "network"));
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
      return time;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
