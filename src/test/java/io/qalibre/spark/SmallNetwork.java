package io.qalibre.spark;

import io.qalibre.Network;
import io.qalibre.Qalibre;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizationSimModel;
import io.qalibre.graph.Graph;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.quant.QuantScheme;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A small classifier of pictures of 3×6×6 in four classes, and samples for it. */
final class SmallNetwork {
  /** The schemes whose encodings are compared: one of each kind of statistics that they read. */
  private static final List<QuantScheme> SCHEMES =
      List.of(QuantScheme.MIN_MAX, QuantScheme.TF_ENHANCED, QuantScheme.percentile(99.9));

  private SmallNetwork() {}

  static Network network() {
    return network(graph());
  }

  /** A graph as a user has it: read from a file. */
  static Network network(Graph graph) {
    try {
      Path file = Files.createTempFile("small", ".onnx");
      OnnxWriter.write(graph, file);
      Network network = Qalibre.load(file);
      Files.delete(file);
      return network;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Graph graph() {
    return Net.input(3, 6, 6)
        .conv("c", "x", 4, 3, 3, 3)
        .op("r", "Relu", List.of("c"))
        .conv("d", "r", 4, 4, 1, 1)
        .op("f", "Flatten", List.of("d"))
        .linear("y", "f", 4, 144)
        .build("y");
  }

  static QuantizationSimModel simulation(QuantScheme scheme) {
    return network().simulate(QuantConfig.int8().withScheme(scheme));
  }

  static Stream<QuantScheme> schemes() {
    return SCHEMES.stream();
  }

  /** 75 samples in batches of 8, the last of 3. */
  static Labelled samples() {
    return Labelled.random(4, 75, 3, 6, 6).batch(8);
  }
}
