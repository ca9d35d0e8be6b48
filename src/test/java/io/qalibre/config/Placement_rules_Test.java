package io.qalibre.config;

import static io.qalibre.config.SmallGraphs.enabled;
import static io.qalibre.config.SmallGraphs.network;
import static io.qalibre.config.SmallGraphs.op;
import static io.qalibre.config.SmallGraphs.quantizer;
import static io.qalibre.config.SmallGraphs.rule;
import static io.qalibre.config.SmallGraphs.start;
import static io.qalibre.config.SmallGraphs.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.quant.Bounds;
import io.qalibre.quant.Symmetry;
import java.util.List;
import org.junit.jupiter.api.Test;

class Placement_rules_Test {
  private static final String NOTHING =
      """
      {"defaults": {"ops": {}, "params": {}}, "params": {}, "op_type": {},
       "supergroups": [], "model_input": {}, "model_output": {}}
      """;

  /** Places on the small network with a config of which some sections are replaced. */
  private static Graph place(Graph graph, String... replaced) {
    String json = NOTHING;
    for (int i = 0; i < replaced.length; i += 2) {
      assertThat(json).contains(replaced[i]);
      json = json.replace(replaced[i], replaced[i + 1]);
    }
    return Placement.place(graph, RuntimeConfig.parse("my.json", json), PlacementOptions.DEFAULT);
  }

  @Test
  void without_a_rule_nothing_is_quantized() {
    Graph placed = place(network());

    assertThat(enabled(placed)).isEmpty();
    assertThat(rule(placed, "relu1")).isEqualTo("not in defaults.ops");
    assertThat(rule(placed, "fc.weight")).isEqualTo("not in defaults.params");
    assertThat(rule(placed, "input")).isEqualTo("not in model_input");
  }

  @Test
  void model_output_switches_on_what_others_switched_off() {
    Graph placed =
        place(
            network(),
            "\"model_output\": {}",
            "\"model_output\": {\"is_output_quantized\": \"True\"}");

    assertThat(enabled(placed)).containsExactly("output");
    assertThat(rule(placed, "output")).isEqualTo("model_output");
  }

  @Test
  void an_operator_type_overrides_its_kind_of_parameter() {
    Graph placed =
        place(
            network(),
            "\"params\": {}, \"op_type\": {}",
            """
            "params": {"weight": {"is_quantized": "True"}},
            "op_type": {"Gemm": {"params": {"weight": {"is_quantized": "False"}}}}
            """);

    assertThat(enabled(placed)).containsExactly("conv1.weight", "dw.weight");
    assertThat(rule(placed, "fc.weight")).isEqualTo("op_type.Gemm.params.weight.is_quantized");
  }

  @Test
  void an_operator_type_switches_inputs_and_outputs() {
    Graph placed =
        place(
            network(),
            "\"op_type\": {}",
            """
            "op_type": {"Add": {"is_input_quantized": "True", "is_output_quantized": "True",
                                "is_symmetric": "True"},
                        "MaxPool": {"is_output_quantized": "True"}}
            """);

    assertThat(enabled(placed)).containsExactly("pool", "clip", "shift", "add");
    assertThat(rule(placed, "clip")).isEqualTo("op_type.Add.is_input_quantized");
    assertThat(rule(placed, "pool")).isEqualTo("op_type.MaxPool.is_output_quantized");
    assertThat(quantizer(placed, "clip").spec().symmetry()).isEqualTo(Symmetry.SYMMETRIC);
    assertThat(quantizer(placed, "relu2").spec().symmetry()).isEqualTo(Symmetry.ASYMMETRIC);
  }

  @Test
  void rules_of_equal_rank_must_not_contradict_each_other() {
    assertThatThrownBy(
            () ->
                place(
                    network(),
                    "\"op_type\": {}",
                    """
                    "op_type": {"Add": {"is_input_quantized": "True"},
                                "Clip": {"is_output_quantized": "False"}}
                    """))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("tensor `clip`")
        .hasMessageContaining("$.op_type.Add.is_input_quantized")
        .hasMessageContaining("$.op_type.Clip.is_output_quantized");
  }

  @Test
  void strict_and_unsigned_symmetry_reach_the_grids() {
    Graph placed =
        place(
            network(),
            "\"ops\": {}, \"params\": {}",
            """
            "ops": {"is_symmetric": "True"}, "params": {"is_symmetric": "True"},
            "strict_symmetric": "True", "unsigned_symmetric": "True"
            """);

    assertThat(placed.quantizers())
        .extracting(q -> q.spec().symmetry())
        .containsOnly(Symmetry.STRICT_UNSIGNED);
  }

  @Test
  void per_channel_by_default_is_overridden_by_an_operator_type() {
    Graph placed =
        place(
            network(),
            "\"params\": {}}, \"params\": {}, \"op_type\": {}",
            """
            "params": {}, "per_channel_quantization": "True"}, "params": {},
            "op_type": {"Gemm": {"per_channel_quantization": "False"}}
            """);

    assertThat(placed.quantizers())
        .filteredOn(q -> q.spec().perChannel())
        .extracting(QuantizerNode::tensor)
        .containsExactly("conv1.weight", "conv1.bias", "dw.weight");
  }

  @Test
  void a_constraint_of_both_ends_fixes_the_range() {
    Graph placed =
        place(
            network(),
            "\"op_type\": {}",
            """
            "op_type": {"Relu": {"encoding_constraints": {"min": 0, "max": 4}},
                        "GlobalAveragePool": {"encoding_constraints": {"min": -1, "max": 1}}}
            """);

    assertThat(quantizer(placed, "relu1").spec().bounds()).isEqualTo(Bounds.of(0, 4));
    assertThat(quantizer(placed, "relu1").spec().symmetry()).isEqualTo(Symmetry.ASYMMETRIC);
    assertThat(quantizer(placed, "gap").spec().symmetry()).isEqualTo(Symmetry.SYMMETRIC);
  }

  @Test
  void a_constraint_may_fix_one_end_and_is_named() {
    Graph placed =
        place(
            network(),
            "\"op_type\": {}",
            """
            "op_type": {"Relu": {"encoding_constraints": {"min": 0},
                                 "is_output_quantized": "True"},
                        "GlobalAveragePool": {"encoding_constraints": {"max": 2}}}
            """);

    assertThat(quantizer(placed, "relu1").spec().bounds()).isEqualTo(new Bounds(0.0, null));
    assertThat(quantizer(placed, "relu1").spec().symmetry()).isEqualTo(Symmetry.ASYMMETRIC);
    assertThat(quantizer(placed, "gap").spec().bounds()).isEqualTo(new Bounds(null, 2.0));
    assertThat(rule(placed, "relu1"))
        .isEqualTo("op_type.Relu.is_output_quantized; op_type.Relu.encoding_constraints");
    assertThat(rule(placed, "gap")).isEqualTo("not in defaults.ops");
  }

  @Test
  void passes_without_a_match_change_nothing() {
    Graph roots =
        start("roots")
            .output(value("root", Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(8)))
            .node(op("root", "Sqrt", List.of("input")))
            .build();
    String on = "\"ops\": {\"is_output_quantized\": \"True\"}";

    Graph placed =
        place(
            roots,
            "\"supergroups\": []",
            "\"supergroups\": [], \"supergroup_pass_list\": "
                + "[\"LayerNormalization\", \"RMSNormalization\", \"MaskedSoftmax\"]",
            "\"ops\": {}",
            on);

    assertThat(placed.quantizers()).isEqualTo(place(roots, "\"ops\": {}", on).quantizers());
    assertThat(enabled(placed)).containsExactly("root");
  }
}
