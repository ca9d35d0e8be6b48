package io.qalibre.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.qalibre.graph.BatchNormFolding;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.quant.Bounds;
import io.qalibre.testing.Golden;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compares placement with the quantizers that AIMET put on the same models. */
class Placement_golden_Test {
  @ParameterizedTest
  @CsvSource({
    "tiny_bnfolded, tiny.pt, per_tensor",
    "tiny_bnfolded, tiny.pc, per_channel",
    "tiny_bnfolded, tiny.htp_v73, htp_v73",
    "tiny_bnfolded, tiny.htp_v81, htp_v81",
    "tiny_cle, tiny.cle.pt, per_tensor"
  })
  void quantizers_of_the_committed_network_are_aimets(String model, String tag, String config)
      throws IOException {
    try (InputStream network = resource(model + ".onnx");
        InputStream aimet = resource(tag + ".min_max.quantizers.json")) {
      compare(
          OnnxReader.read(model, network.readAllBytes()),
          JsonMapper.builder().build().readTree(aimet),
          config);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "mobilenet_v2_bnfolded.onnx, mobilenet_v2.pt, per_tensor",
    "mobilenet_v2_bnfolded.onnx, mobilenet_v2.pc, per_channel",
    "mobilenet_v2_bnfolded.onnx, mobilenet_v2.htp_v73, htp_v73",
    "mobilenet_v2_bnfolded.onnx, mobilenet_v2.htp_v81, htp_v81",
    "resnet50.onnx.gz, resnet50.pt, per_tensor",
    "resnet50.onnx.gz, resnet50.pc, per_channel"
  })
  void quantizers_of_other_networks_are_aimets(String model, String tag, String config)
      throws IOException {
    compare(
        BatchNormFolding.fold(Golden.network(model)).graph(),
        JsonMapper.builder()
            .build()
            .readTree(Files.readString(Golden.file(tag + ".min_max.quantizers.json"))),
        config);
  }

  @Test
  void quantizers_of_an_equalized_network_are_aimets() throws IOException {
    Graph placed =
        Placement.place(
            Golden.network("mobilenet_v2_cle.onnx"),
            RuntimeConfig.builtIn("per_tensor"),
            PlacementOptions.DEFAULT);
    JsonNode aimet =
        JsonMapper.builder()
            .build()
            .readTree(
                Files.readString(Golden.file("mobilenet_v2.cle.pt.min_max.v1.0.0.encodings")));

    Set<String> expected = new TreeSet<>();
    aimet.get("activation_encodings").forEach(e -> expected.add(e.get("name").textValue()));
    aimet.get("param_encodings").forEach(e -> expected.add(e.get("name").textValue()));
    assertThat(placed.quantizers())
        .filteredOn(QuantizerNode::enabled)
        .extracting(QuantizerNode::tensor)
        .hasSizeGreaterThan(100)
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  private static void compare(Graph graph, JsonNode aimet, String config) {
    Graph placed = Placement.place(graph, RuntimeConfig.builtIn(config), PlacementOptions.DEFAULT);

    Map<String, String> expected = new TreeMap<>();
    aimet.forEach(q -> expected.put(q.get("name").textValue(), describe(q, aimet)));
    Map<String, String> found = new TreeMap<>();
    placed.quantizers().forEach(q -> found.put(q.tensor(), describe(q, placed)));
    assertThat(found).hasSizeGreaterThanOrEqualTo(50).containsExactlyInAnyOrderEntriesOf(expected);
  }

  private static String describe(JsonNode quantizer, JsonNode all) {
    boolean enabled = quantizer.get("enabled").booleanValue();
    boolean parameter = quantizer.get("is_param").booleanValue();
    JsonNode range = quantizer.get("fixed_range");
    return "enabled=%s parameter=%s bits=%d symmetric=%s axis=%s range=%s tied=%s"
        .formatted(
            enabled,
            parameter,
            // Writing encodings 2.0.0, AIMET leaves disabled biases at 32 bits; placed, they had 8.
            parameter && !enabled ? 8 : quantizer.get("bitwidth").intValue(),
            quantizer.get("symmetric").booleanValue(),
            quantizer.get("per_channel").booleanValue()
                ? quantizer.get("channel_axis").asText()
                : "none",
            range.isNull() ? Bounds.NONE : new Bounds(end(range.get(0)), end(range.get(1))),
            enabled
                ? StreamSupport.stream(all.spliterator(), false)
                    .filter(q -> q.get("enabled").booleanValue())
                    .filter(q -> q.get("tie_group").equals(quantizer.get("tie_group")))
                    .map(q -> q.get("name").textValue())
                    .collect(Collectors.toCollection(TreeSet::new))
                : "");
  }

  private static Double end(JsonNode value) {
    return value.isNull() ? null : value.doubleValue();
  }

  private static String describe(QuantizerNode quantizer, Graph placed) {
    return "enabled=%s parameter=%s bits=%d symmetric=%s axis=%s range=%s tied=%s"
        .formatted(
            quantizer.enabled(),
            quantizer.parameter(),
            quantizer.spec().bitwidth(),
            quantizer.spec().symmetry().symmetric(),
            quantizer.spec().perChannel() ? Integer.toString(quantizer.spec().axis()) : "none",
            quantizer.spec().bounds(),
            quantizer.enabled()
                ? placed.quantizers().stream()
                    .filter(QuantizerNode::enabled)
                    .filter(q -> q.id().equals(quantizer.id()))
                    .map(QuantizerNode::tensor)
                    .collect(Collectors.toCollection(TreeSet::new))
                : "");
  }

  private static InputStream resource(String name) {
    return Objects.requireNonNull(
        Placement_golden_Test.class.getResourceAsStream("/golden/" + name), name);
  }
}
