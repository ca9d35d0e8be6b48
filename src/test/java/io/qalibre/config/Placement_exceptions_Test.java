package io.qalibre.config;

import static io.qalibre.config.SmallGraphs.op;
import static io.qalibre.config.SmallGraphs.quantizer;
import static io.qalibre.config.SmallGraphs.rule;
import static io.qalibre.config.SmallGraphs.start;
import static io.qalibre.config.SmallGraphs.value;
import static io.qalibre.config.SmallGraphs.weights;
import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.quant.Symmetry;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules that AIMET has for single operators, whatever a config says. */
class Placement_exceptions_Test {
  private static Graph norm(String type) {
    return start("norm")
        .output(value("norm", Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(8)))
        .initializer("g", weights(3))
        .initializer("b", weights(3))
        .node(op("norm", type, List.of("input", "g", "b")))
        .build();
  }

  private static Graph place(Graph graph, String config, int weightBits, int activationBits) {
    return Placement.place(
        graph,
        RuntimeConfig.builtIn(config),
        PlacementOptions.DEFAULT.withParameterBits(weightBits).withActivationBits(activationBits));
  }

  @ParameterizedTest
  @CsvSource({
    "LayerNormalization, per_channel, 4, 8, 8, ASYMMETRIC",
    "LayerNormalization, per_channel, 16, 8, 16, SYMMETRIC",
    "LayerNormalization, htp_v69, 16, 16, 8, ASYMMETRIC",
    "LayerNormalization, htp_v73, 16, 16, 16, SYMMETRIC",
    "InstanceNormalization, per_channel, 4, 16, 16, ASYMMETRIC",
    "InstanceNormalization, htp_v69, 16, 8, 8, ASYMMETRIC",
    "RMSNormalization, htp_v73, 4, 16, 16, ASYMMETRIC"
  })
  void a_normalizations_weight_has_the_bits_it_needs(
      String type, String config, int weightBits, int activationBits, int bits, Symmetry symmetry) {
    Graph placed = place(norm(type), config, weightBits, activationBits);

    assertThat(quantizer(placed, "g").spec().bitwidth()).isEqualTo(bits);
    assertThat(quantizer(placed, "g").spec().symmetry()).isEqualTo(symmetry);
  }

  @Test
  void an_exception_is_named_where_it_changes_something() {
    assertThat(rule(place(norm("LayerNormalization"), "per_channel", 8, 8), "g"))
        .isEqualTo("defaults.params; exception for LayerNormalization");
    assertThat(rule(place(norm("LayerNormalization"), "htp_v73", 8, 8), "g"))
        .isEqualTo("defaults.params");
    assertThat(quantizer(place(norm("LayerNormalization"), "htp_v73", 4, 8), "b").enabled())
        .isFalse();
  }

  @Test
  void a_group_normalizations_bias_is_quantized_like_its_output_on_later_processors() {
    Graph placed = place(norm("GroupNormalization"), "htp_v73", 8, 16);

    assertThat(quantizer(placed, "b").enabled()).isTrue();
    assertThat(quantizer(placed, "b").spec().bitwidth()).isEqualTo(16);
    assertThat(quantizer(placed, "b").spec().symmetry()).isEqualTo(Symmetry.ASYMMETRIC);
  }

  @Test
  void a_product_of_computed_tensors_follows_the_hardware() {
    Graph product =
        start("product")
            .output(value("mm", Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(8)))
            .node(op("a", "Exp", List.of("input")))
            .node(op("b", "Exp", List.of("input")))
            .node(op("moved", "Transpose", List.of("b")))
            .node(op("mm", "MatMul", List.of("a", "moved")))
            .build();

    Graph old = place(product, "htp_v68", 8, 16);
    assertThat(quantizer(old, "b").spec().bitwidth()).isEqualTo(8);
    assertThat(quantizer(old, "b").spec().symmetry()).isEqualTo(Symmetry.SYMMETRIC);
    assertThat(quantizer(old, "a").spec().bitwidth()).isEqualTo(16);
    assertThat(rule(old, "b")).endsWith("exception for MatMul on V68");
    Graph later = place(product, "htp_v73", 8, 16);
    assertThat(quantizer(later, "b").spec().bitwidth()).isEqualTo(16);
    assertThat(quantizer(later, "b").spec().symmetry()).isEqualTo(Symmetry.SYMMETRIC);
    assertThat(quantizer(later, "a").spec().symmetry()).isEqualTo(Symmetry.ASYMMETRIC);
    assertThat(quantizer(place(product, "per_channel", 8, 16), "b").spec().bitwidth())
        .isEqualTo(16);
  }

  @Test
  void a_grouped_transposed_convolution_has_one_grid() {
    Graph graph =
        start("up")
            .output(value("up", Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(8)))
            .initializer("w", weights(3, 1, 1, 1))
            .initializer("b", weights(3))
            .node(
                new OperatorNode(
                    "up",
                    "ConvTranspose",
                    List.of("input", "w", "b"),
                    List.of("up"),
                    new Attributes(Map.of("group", 3L))))
            .build();

    Graph placed = place(graph, "per_channel", 8, 8);

    assertThat(quantizer(placed, "w").spec().perChannel()).isFalse();
    assertThat(quantizer(placed, "b").spec().perChannel()).isTrue();
    assertThat(rule(placed, "w")).endsWith("; exception for grouped ConvTranspose");
  }
}
