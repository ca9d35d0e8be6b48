package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.qalibre.data.Datasets;
import io.qalibre.data.ImageDataset;
import io.qalibre.data.ProjectFiles;
import io.qalibre.engine.Ranks;
import io.qalibre.engine.Runner;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.models.MobileNetV2;
import io.qalibre.models.ResNet50;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The networks in {@code data/models}: what {@code models.json} says of them, and ONNX Runtime. */
class OrtModel_shippedNetworks_Test {
  private static final long MOST_BYTES = 50_000_000;

  private static Path file(String name) {
    return ProjectFiles.find("data/models/" + name);
  }

  private static JsonNode entry(String network) throws IOException {
    return new ObjectMapper().readTree(file("models.json").toFile()).get(network);
  }

  private static Graph built(String network) {
    return network.equals("resnet50") ? ResNet50.graph(32, 10, 1) : MobileNetV2.graph(32, 10, 1);
  }

  private static long right(Map<String, Tensor> outputs, List<Tensor> labels) {
    return Arrays.stream(Ranks.of(outputs, labels)).filter(rank -> rank == 0).count();
  }

  @ParameterizedTest
  @ValueSource(strings = {"mobilenet_v2", "resnet50"})
  void the_file_is_the_one_that_was_measured(String network) throws Exception {
    byte[] bytes = Files.readAllBytes(file(network + ".onnx"));
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
    JsonNode entry = entry(network);

    assertThat(bytes.length).isLessThan((int) MOST_BYTES);
    assertThat(entry.get("bytes").asLong()).isEqualTo(bytes.length);
    assertThat(entry.get("sha256").asText()).isEqualTo(HexFormat.of().formatHex(hash));
    assertThat(file(entry.get("log").asText()))
        .content()
        .contains(entry.get("training").asText(), entry.get("top1").asText());
    // Float16 weights must not cost accuracy.
    assertThat(entry.get("top1").asDouble())
        .isCloseTo(entry.get("top1_before_float16").asDouble(), within(0.05));
  }

  @ParameterizedTest
  @ValueSource(strings = {"mobilenet_v2", "resnet50"})
  void every_name_and_shape_is_the_builders(String network) {
    Graph read = OnnxReader.read(file(network + ".onnx"));
    Graph built = built(network);

    assertThat(read.inputs()).isEqualTo(built.inputs());
    assertThat(read.outputs()).isEqualTo(built.outputs());
    assertThat(read.nodes()).isEqualTo(built.nodes());
    assertThat(read.initializers().keySet()).isEqualTo(built.initializers().keySet());
  }

  @ParameterizedTest
  @ValueSource(strings = {"mobilenet_v2", "resnet50"})
  void is_as_accurate_as_its_entry_says_here_and_in_ort(String network) throws Exception {
    Path path = file(network + ".onnx");
    ImageDataset test = Datasets.fashionMnist().as(3, 32).test();
    Graph graph = OnnxReader.read(path);
    // With the inputs among the outputs, each batch comes with both.
    Simulation both = Simulation.of(graph.toBuilder().output(graph.inputs().get(0)).build());
    long[] right = new long[2];
    try (OrtModel ort = OrtModel.open(path, Runtime.getRuntime().availableProcessors())) {
      Runner.forEach(
          both,
          test,
          (tensors, labels) -> {
            Tensor logits = tensors.get("output");
            Tensor input = tensors.get("input");
            right[0] += right(Map.of("output", logits), labels);
            right[1] += right(ort.run(Map.of("input", input)), labels);
          });
    }
    JsonNode entry = entry(network);
    long said = Math.round(entry.get("top1").asDouble() * entry.get("n").asInt() / 100);

    System.out.printf(
        "%s: %d of %d right here, %d in ONNX Runtime, %d by models.json%n",
        network, right[0], test.size(), right[1], said);
    assertThat(entry.get("n").asLong()).isEqualTo(test.size());
    assertThat(right[0]).isCloseTo(said, within(2L));
    assertThat(right[1]).isCloseTo(right[0], within(2L));
  }
}
