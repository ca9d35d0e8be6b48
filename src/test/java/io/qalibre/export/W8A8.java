package io.qalibre.export;

import ai.djl.training.dataset.Dataset;
import io.qalibre.Qalibre;
import io.qalibre.QuantConfig;
import io.qalibre.data.Datasets;
import io.qalibre.data.ProjectFiles;
import io.qalibre.data.Samples;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.testing.Golden;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A network whose weights and activations are quantized to 8 bits, as a user gets it: the golden
 * ones calibrated on the golden pictures, those that are shipped on Fashion-MNIST.
 *
 * @param network such as {@code golden mobilenet_v2}
 * @param perChannel whether weights have a grid a channel, by {@link QuantConfig#int8()}, or one,
 *     by {@link QuantConfig#perTensor()}
 */
record W8A8(String network, boolean perChannel) {
  private static final int CALIBRATION = 250;

  /** Four networks, each with both kinds of grids. */
  static Stream<W8A8> all() {
    return Stream.of(
            "golden mobilenet_v2", "golden resnet50", "shipped mobilenet_v2", "shipped resnet50")
        .flatMap(network -> Stream.of(new W8A8(network, true), new W8A8(network, false)));
  }

  /** The simulation with its encodings. */
  Simulation simulation() {
    QuantConfig config = perChannel ? QuantConfig.int8() : QuantConfig.perTensor();
    return Qalibre.of(graph())
        .foldBatchNorms()
        .simulate(config)
        .computeEncodings(calibration())
        .simulation();
  }

  /** The first n of the test pictures, one batch. */
  Map<String, Tensor> pictures(int n) {
    return Map.of(
        "input",
        golden() ? Golden.pictures(n) : Datasets.fashionMnist().as(3, 32).test().first(n).tensor());
  }

  /** Test pictures, with labels where the network is shipped. */
  Dataset test(int n) {
    return golden()
        ? Samples.of(List.of(pictures(n)))
        : Datasets.fashionMnist().as(3, 32).test().first(n);
  }

  boolean golden() {
    return network.startsWith("golden");
  }

  private Graph graph() {
    String name = network.substring(network.indexOf(' ') + 1);
    return golden()
        ? Golden.network(name.equals("resnet50") ? "resnet50.onnx.gz" : name + ".onnx")
        : OnnxReader.read(ProjectFiles.find("data/models/" + name + ".onnx"));
  }

  private Dataset calibration() {
    return golden()
        ? Golden.calibration()
        : Datasets.fashionMnist().as(3, 32).calibration(CALIBRATION);
  }

  @Override
  public String toString() {
    return network + (perChannel ? ", per channel" : ", per tensor");
  }
}
