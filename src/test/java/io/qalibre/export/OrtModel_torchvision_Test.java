package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import io.qalibre.Network;
import io.qalibre.Qalibre;
import io.qalibre.QuantConfig;
import io.qalibre.data.Samples;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Golden;
import io.qalibre.testing.TorchvisionExport;
import io.qalibre.testing.TracedBlock;
import io.qalibre.testing.WeightlessModel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Classifiers of torchvision, exported by torch, compute here what they compute in ONNX Runtime.
 * Three of them, with batch normalizations and without weights, come with the sources; {@code
 * -Dfull=true} exports all thirteen.
 */
class OrtModel_torchvision_Test {
  private static final double CLOSE = 1e-4;

  /** Samples must not look alike, or a batch that is mixed up would pass. */
  private static final double APART = 100 * CLOSE;

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"mobilenet_v3_large", "shufflenet_v2_x1_0", "squeezenet1_1"})
  void three_networks(String name) throws Exception {
    check(name, WeightlessModel.filled(name, folder));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "convnext_tiny",
        "densenet121",
        "efficientnet_b0",
        "googlenet",
        "mobilenet_v2",
        "mobilenet_v3_large",
        "regnet_y_400mf",
        "resnet18",
        "resnet50",
        "shufflenet_v2_x1_0",
        "squeezenet1_1",
        "swin_t",
        "vit_b_16"
      })
  @EnabledIfSystemProperty(named = "full", matches = "true", disabledReason = "a long suite")
  void all_networks(String name) throws Exception {
    check(name, TorchvisionExport.file(name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"mobilenet_v3_large", "shufflenet_v2_x1_0", "squeezenet1_1"})
  void simulations_stay_near(String name) {
    Network network = Qalibre.load(WeightlessModel.filled(name, folder));
    Map<String, Tensor> batch = batch(network, 3);

    Tensor expected = network.run(batch).get("output");
    Tensor found =
        network
            .simulate(QuantConfig.int8())
            .computeEncodings(Samples.of(List.of(batch)))
            .run(batch)
            .get("output");

    assertThat(found.sizes()).isEqualTo(expected.sizes());
    assertThat(Golden.sqnr(expected, found)).isBetween(10.0, 80.0);
  }

  private static void check(String name, Path file) throws IOException {
    long start = System.nanoTime();
    Network network = Qalibre.load(file);
    assertThat(network.summary().longColumn("MACs").sum()).isEqualTo((double) macs(file));
    double one;
    double three;
    try (OrtModel ort = OrtModel.open(file, 1)) {
      one = distance(network, ort, 1);
      three = distance(network, ort, 3);
    }
    System.out.printf(
        Locale.ROOT,
        "%s beside ONNX Runtime: differs by %.1e at batch 1, %.1e at batch 3 (%.1f s)%n",
        name,
        one,
        three,
        (System.nanoTime() - start) / 1e9);
    assertThat(one).isLessThanOrEqualTo(CLOSE);
    assertThat(three).isLessThanOrEqualTo(CLOSE);
  }

  /** The largest difference of an output, relative to the largest output. */
  private static double distance(Network network, OrtModel ort, int samples) {
    Map<String, Tensor> batch = batch(network, samples);
    Tensor expected = ort.run(batch).get("output");
    Tensor found = network.run(batch).get("output");

    assertThat(expected.sizes()).containsExactly(samples, 1000);
    assertThat(found.sizes()).containsExactly(samples, 1000);
    for (int i = 1; i < samples; i++) {
      assertThat(TracedBlock.distance(sample(expected, 0), sample(expected, i)))
          .as("between samples 0 and %d", i)
          .isGreaterThan(APART);
    }
    return TracedBlock.distance(expected, found);
  }

  private static Tensor sample(Tensor outputs, int i) {
    return Tensor.of(Arrays.copyOfRange(outputs.floats(), 1000 * i, 1000 * (i + 1)), 1, 1000);
  }

  /** Random pictures, each with a contrast of its own. */
  private static Map<String, Tensor> batch(Network network, int samples) {
    long[] sizes = network.graph().inputs().get(0).shape().fix(samples).sizes();
    Random random = new Random(samples);
    float[] values =
        new float[(int) network.graph().inputs().get(0).shape().fix(samples).elements()];
    for (int i = 0; i < values.length; i++) {
      int sample = i / (values.length / samples);
      values[i] = (float) random.nextGaussian() / (1 + sample);
    }
    return Map.of("input", Tensor.of(values, sizes));
  }

  /** The multiply-accumulates for one sample as torch counts them. */
  private static long macs(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return ModelProto.parseFrom(in).getMetadataPropsList().stream()
          .filter(entry -> entry.getKey().equals("macs"))
          .map(StringStringEntryProto::getValue)
          .mapToLong(Long::parseLong)
          .findFirst()
          .orElseThrow();
    }
  }
}
