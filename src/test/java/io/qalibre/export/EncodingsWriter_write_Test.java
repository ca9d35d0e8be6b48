package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Granularity.PerBlock;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.GoldenEncodings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EncodingsWriter_write_Test {
  private final ObjectMapper mapper = new ObjectMapper();

  @Test
  void lists_enabled_quantizers_in_order_of_execution() throws IOException {
    JsonNode root =
        mapper.readTree(EncodingsWriter.write(SmallNet.simulation(), ExportOptions.DEFAULT));

    assertThat(root.get("activation_encodings").findValuesAsText("name"))
        .containsExactly("input", "relu", "clip", "add", "mean", "output");
    assertThat(root.get("param_encodings").findValuesAsText("name"))
        .containsExactly("c1.weight", "dw.weight", "fc.weight");
  }

  @Test
  void holds_scales_as_doubles_and_offsets_in_the_unsigned_view() throws IOException {
    Simulation simulation = SmallNet.simulation();

    JsonNode root = mapper.readTree(EncodingsWriter.write(simulation, ExportOptions.DEFAULT));

    JsonNode input = root.get("activation_encodings").get(0);
    JsonNode weight = root.get("param_encodings").get(0);
    assertThat(input.get("scale").get(0).doubleValue())
        .isEqualTo(simulation.encoding("input").first().scale());
    assertThat(input.get("offset").get(0).doubleValue())
        .isEqualTo(-(double) simulation.encoding("input").first().zeroPoint());
    assertThat(weight.get("scale")).hasSize(16);
    assertThat(weight.get("offset")).allMatch(offset -> offset.doubleValue() == -128);
  }

  @Test
  void has_the_form_of_AIMETs_file() throws IOException {
    String golden = GoldenEncodings.text("tiny.pc.min_max.v1.0.0.encodings");
    String ours = EncodingsWriter.write(SmallNet.simulation(), ExportOptions.DEFAULT);

    JsonNode expected = mapper.readTree(golden);
    JsonNode found = mapper.readTree(ours);
    assertThat(forms(found.get("activation_encodings").get(0)))
        .isEqualTo(forms(expected.get("activation_encodings").get(0)));
    assertThat(forms(found.get("param_encodings").get(0)))
        .isEqualTo(forms(expected.get("param_encodings").get(0)));
    assertThat(forms(found)).isEqualTo(forms(expected));
    assertThat(found.get("quantizer_args")).isEqualTo(expected.get("quantizer_args"));
    assertThat(forms(found.get("producer"))).isEqualTo(forms(expected.get("producer")));
    assertThat(found.get("version")).isEqualTo(expected.get("version"));
    // The same indents and separators too: the first lines differ in no character.
    String head = "\"name\": \"input\"";
    assertThat(ours).startsWith(golden.substring(0, golden.indexOf(head) + head.length()));
  }

  @Test
  void LPBQ_cannot_be_written_in_0_6_1() {
    Graph plain = EncodedLayers.placed(Symmetry.ASYMMETRIC);
    Graph blocks =
        EncodedLayers.with(
            plain,
            q ->
                q.tensor().equals("c.weight")
                    ? EncodedLayers.respecified(
                        q, q.spec().withGranularity(new PerBlock(0, 1, 2, 4)))
                    : q);
    ExportOptions options = ExportOptions.DEFAULT.withEncodings(EncodingsVersion.V0_6_1);

    assertThatThrownBy(() -> EncodingsWriter.write(EncodedLayers.encoded(blocks), options))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "`c.weight`: low-power blockwise quantization (LPBQ) cannot be written in encodings of"
                + " version 0.6.1; expected version 1.0.0 or 2.0.0");
  }

  @Test
  void scales_that_are_no_multiples_are_no_LPBQ() {
    Graph graph =
        EncodedLayers.with(
            EncodedLayers.placed(Symmetry.ASYMMETRIC),
            q ->
                q.tensor().equals("c.weight")
                    ? EncodedLayers.respecified(
                        q, q.spec().withGranularity(new PerBlock(0, 1, 2, 4)))
                    : q);
    Simulation simulation = EncodedLayers.encoded(graph);
    TensorEncoding encoding = simulation.encoding("c.weight");
    List<Encoding> grids = new ArrayList<>(encoding.grids());
    grids.set(1, Encoding.of(grids.get(1).scale() * 0.98765, -128, 255, 8, true));
    Map<String, TensorEncoding> changed = new LinkedHashMap<>(simulation.encodings());
    changed.put("c.weight", new TensorEncoding(encoding.granularity(), grids));

    assertThatThrownBy(
            () -> EncodingsWriter.write(new Simulation(graph, changed), ExportOptions.DEFAULT))
        .isInstanceOf(QalibreException.class)
        .hasMessageStartingWith("`c.weight`: expected the block scales of a channel to be whole");
  }

  /** The names of an object's fields with their JSON types, in order; of lists, the elements'. */
  private static List<String> forms(JsonNode object) {
    List<String> forms = new ArrayList<>();
    ((ObjectNode) object)
        .properties()
        .forEach(
            field -> {
              JsonNode value = field.getValue();
              String element =
                  value.isArray() ? " of " + value.get(0).getNodeType() + number(value.get(0)) : "";
              forms.add(field.getKey() + ": " + value.getNodeType() + number(value) + element);
            });
    return forms;
  }

  private static String number(JsonNode value) {
    return value.isNumber() ? " " + value.numberType() : "";
  }
}
