package io.qalibre.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.graph.op.OperatorCatalogue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compares placement with the quantizers that AIMET put on the same models. */
class Placement_golden_Test {
  @ParameterizedTest
  @CsvSource({
    "mobilenet_v2, pt, per_tensor",
    "mobilenet_v2, pc, per_channel",
    "tiny, pt, per_tensor",
    "tiny, pc, per_channel"
  })
  void quantizers_are_aimets(String model, String tag, String config) throws IOException {
    Graph graph = OnnxReader.read(golden(model + "_bnfolded.onnx"));
    JsonNode aimet =
        JsonMapper.builder()
            .build()
            .readTree(Files.readString(golden(model + "." + tag + ".min_max.quantizers.json")));

    Graph placed = Placement.place(graph, RuntimeConfig.builtIn(config), PlacementOptions.DEFAULT);

    Map<String, String> expected = new TreeMap<>();
    aimet.forEach(q -> expected.put(q.get("name").textValue(), describe(q)));
    expected.keySet().removeAll(clipBounds(graph)); // AIMET quantizes them; see Placement
    Map<String, String> found = new TreeMap<>();
    placed.quantizers().forEach(q -> found.put(q.tensor(), describe(q)));
    Set<String> unknown = constantsOfUnknownOperators(graph);
    expected.keySet().removeAll(unknown);
    found.keySet().removeAll(unknown);
    assertThat(found).hasSizeGreaterThan(30).containsExactlyEntriesOf(expected);
  }

  /** Which inputs of an operator are parameters is known only when the catalogue has it. */
  private static Set<String> constantsOfUnknownOperators(Graph graph) {
    return graph.operators().stream()
        .filter(node -> !OperatorCatalogue.supports(node.type()))
        .flatMap(node -> node.inputs().stream())
        .filter(graph::isInitializer)
        .collect(Collectors.toSet());
  }

  private static String describe(JsonNode aimet) {
    return "enabled=%s parameter=%s bits=%d symmetric=%s axis=%s"
        .formatted(
            aimet.get("enabled").booleanValue(),
            aimet.get("is_param").booleanValue(),
            aimet.get("bitwidth").intValue(),
            aimet.get("symmetric").booleanValue(),
            aimet.get("per_channel").booleanValue() ? aimet.get("channel_axis").asText() : "none");
  }

  private static String describe(QuantizerNode quantizer) {
    return "enabled=%s parameter=%s bits=%d symmetric=%s axis=%s"
        .formatted(
            quantizer.enabled(),
            quantizer.parameter(),
            quantizer.spec().bitwidth(),
            quantizer.spec().symmetry().symmetric(),
            quantizer.spec().perChannel() ? Integer.toString(quantizer.spec().axis()) : "none");
  }

  private static Set<String> clipBounds(Graph graph) {
    return graph.operators().stream()
        .filter(node -> node.type().equals("Clip"))
        .flatMap(node -> Stream.of(node.input(1), node.input(2)))
        .collect(Collectors.toSet());
  }

  private static Path golden(String name) {
    String folder = System.getenv().getOrDefault("QALIBRE_SHARED", "../shared");
    Path path = Path.of(folder, "golden", name);
    assumeTrue(Files.exists(path), () -> "skipped: no golden data at " + path);
    return path;
  }
}
