package io.qalibre.config;

import static io.qalibre.config.SmallGraphs.enabled;
import static io.qalibre.config.SmallGraphs.op;
import static io.qalibre.config.SmallGraphs.quantizer;
import static io.qalibre.config.SmallGraphs.rule;
import static io.qalibre.config.SmallGraphs.start;
import static io.qalibre.config.SmallGraphs.value;
import static io.qalibre.config.SmallGraphs.weights;
import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Symmetry;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Normalizations that a network writes out in single operators. */
class Placement_norms_Test {
  private static Graph place(Graph graph, String builtIn) {
    return Placement.place(graph, RuntimeConfig.builtIn(builtIn), PlacementOptions.DEFAULT);
  }

  /** From the input, or a tensor, to c/√(mean(c²)+ε) with c = x − mean(x). */
  private static GraphBuilder layer(String output) {
    return begin(output)
        .node(op("mean", "ReduceMean", List.of("x")))
        .node(op("c", "Sub", List.of("x", "mean")))
        .node(op("square", "Pow", List.of("c", "two")))
        .node(op("variance", "ReduceMean", List.of("square")))
        .node(op("shifted", "Add", List.of("variance", "eps")))
        .node(op("root", "Sqrt", List.of("shifted")))
        .node(op("div", "Div", List.of("c", "root")));
  }

  private static GraphBuilder begin(String output) {
    return start("norm")
        .output(value(output, Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(8)))
        .initializer("two", Tensor.scalar(2))
        .initializer("one", Tensor.scalar(1))
        .initializer("eps", Tensor.scalar(1e-5f))
        .initializer("g", weights(8))
        .initializer("b", weights(8))
        .node(op("x", "Exp", List.of("input")));
  }

  private static Graph affine() {
    return layer("out")
        .node(op("scaled", "Mul", List.of("g", "div")))
        .node(op("norm", "Add", List.of("scaled", "b")))
        .node(op("out", "Tanh", List.of("norm")))
        .build();
  }

  @Test
  void a_layer_normalization_is_quantized_at_its_ends() {
    Graph placed = place(affine(), "htp_v73");

    assertThat(enabled(placed)).containsExactly("input", "one", "x", "g", "norm", "out");
    assertThat(rule(placed, "square")).isEqualTo("supergroup_pass_list LayerNormalization");
    assertThat(rule(placed, "eps")).isEqualTo("supergroup_pass_list LayerNormalization");
    assertThat(quantizer(placed, "norm").placement().operator()).isEqualTo("Add");
  }

  @Test
  void its_factor_is_a_weight_and_its_summand_a_bias() {
    Graph placed = place(affine(), "htp_v73");

    assertThat(quantizer(placed, "g").placement().kind()).isEqualTo(Kind.WEIGHT);
    assertThat(quantizer(placed, "g").placement().operator()).isEqualTo("LayerNormalization");
    assertThat(quantizer(placed, "g").spec().symmetry()).isEqualTo(Symmetry.ASYMMETRIC);
    assertThat(quantizer(placed, "g").spec().perChannel()).isFalse();
    assertThat(quantizer(placed, "b").placement().kind()).isEqualTo(Kind.BIAS);
    assertThat(rule(placed, "b")).isEqualTo("params.bias.is_quantized");
    Graph wide =
        Placement.place(
            affine(),
            RuntimeConfig.builtIn("htp_v73"),
            PlacementOptions.DEFAULT.withParameterBits(16));
    assertThat(quantizer(wide, "g").spec().bitwidth()).isEqualTo(16);
    assertThat(quantizer(wide, "g").spec().symmetry()).isEqualTo(Symmetry.SYMMETRIC);
  }

  @Test
  void without_factor_and_summand_the_quotient_is_its_output() {
    Graph placed = place(layer("div").build(), "htp_v73");

    assertThat(enabled(placed)).contains("x", "div").doesNotContain("c", "root", "two", "eps");
  }

  @Test
  void with_a_factor_only_the_product_is_its_output() {
    Graph placed =
        place(layer("scaled").node(op("scaled", "Mul", List.of("div", "g"))).build(), "htp_v73");

    assertThat(enabled(placed)).contains("x", "g", "scaled").doesNotContain("div");
    assertThat(quantizer(placed, "g").placement().kind()).isEqualTo(Kind.WEIGHT);
  }

  @Test
  void a_factor_that_is_computed_is_none() {
    Graph placed =
        place(layer("gated").node(op("gated", "Mul", List.of("div", "x"))).build(), "htp_v73");

    assertThat(enabled(placed)).contains("div", "gated").doesNotContain("root");
  }

  @Test
  void an_inner_tensor_that_others_read_keeps_the_normalization_in_single_operators() {
    Graph placed =
        place(layer("sum").node(op("sum", "Add", List.of("div", "root"))).build(), "htp_v73");

    assertThat(enabled(placed)).contains("mean", "c", "root", "div", "sum");
  }

  @Test
  void a_config_without_the_pass_quantizes_every_operator() {
    assertThat(enabled(place(affine(), "per_channel")))
        .contains("mean", "c", "square", "root", "div", "scaled", "g", "b");
    assertThat(enabled(place(affine(), "int8"))).containsExactly("input", "x", "g", "norm", "out");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Div", "DivOne", "Reciprocal"})
  void an_rms_normalization_is_found_in_its_forms(String form) {
    GraphBuilder builder =
        begin("norm")
            .node(op("square", "Mul", List.of("x", "x")))
            .node(op("meanSquare", "ReduceMean", List.of("square")))
            .node(op("shifted", "Add", List.of("eps", "meanSquare")))
            .node(op("root", "Sqrt", List.of("shifted")));
    if (form.equals("Div")) {
      builder.node(op("div", "Div", List.of("x", "root")));
    } else {
      builder
          .node(
              form.equals("DivOne")
                  ? op("inverse", "Div", List.of("one", "root"))
                  : op("inverse", "Reciprocal", List.of("root")))
          .node(op("div", "Mul", List.of("inverse", "x")));
    }
    Graph placed = place(builder.node(op("norm", "Mul", List.of("div", "g"))).build(), "htp_v73");

    assertThat(enabled(placed))
        .contains("input", "x", "g", "norm")
        .doesNotContain("square", "meanSquare", "shifted", "root", "inverse", "div", "eps");
    assertThat(quantizer(placed, "g").placement().operator()).isEqualTo("RMSNormalization");
    assertThat(rule(placed, "root")).isEqualTo("supergroup_pass_list RMSNormalization");
  }

  @Test
  void an_rms_normalizations_weight_follows_its_output() {
    Graph graph =
        begin("norm")
            .node(op("square", "Pow", List.of("x", "two")))
            .node(op("meanSquare", "ReduceMean", List.of("square")))
            .node(op("shifted", "Add", List.of("meanSquare", "eps")))
            .node(op("root", "Sqrt", List.of("shifted")))
            .node(op("div", "Div", List.of("x", "root")))
            .node(op("norm", "Mul", List.of("div", "g")))
            .build();

    Graph placed =
        Placement.place(
            graph,
            RuntimeConfig.builtIn("htp_v81"),
            PlacementOptions.DEFAULT.withActivationBits(16));

    assertThat(quantizer(placed, "g").spec().bitwidth()).isEqualTo(16);
    assertThat(rule(placed, "g")).endsWith("exception for RMSNormalization");
  }

  @Test
  void another_power_is_no_normalization() {
    Graph graph =
        begin("div")
            .node(op("square", "Pow", List.of("x", "one")))
            .node(op("meanSquare", "ReduceMean", List.of("square")))
            .node(op("shifted", "Add", List.of("meanSquare", "eps")))
            .node(op("root", "Sqrt", List.of("shifted")))
            .node(op("div", "Div", List.of("x", "root")))
            .build();

    assertThat(enabled(place(graph, "htp_v73"))).contains("square", "root", "one", "eps");
  }
}
