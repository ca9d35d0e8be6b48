package io.qalibre.config;

import static io.qalibre.config.SmallGraphs.enabled;
import static io.qalibre.config.SmallGraphs.network;
import static io.qalibre.config.SmallGraphs.op;
import static io.qalibre.config.SmallGraphs.quantizer;
import static io.qalibre.config.SmallGraphs.rule;
import static io.qalibre.config.SmallGraphs.start;
import static io.qalibre.config.SmallGraphs.value;
import static io.qalibre.config.SmallGraphs.weights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.ShapeInference;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Placement_place_Test {
  private static Graph place(Graph graph, String builtIn) {
    return Placement.place(graph, RuntimeConfig.builtIn(builtIn), PlacementOptions.DEFAULT);
  }

  @Test
  void int8_fuses_what_targets_fuse() {
    Graph placed = place(network(), "int8");

    assertThat(enabled(placed))
        .containsExactly(
            "input",
            "conv1.weight",
            "relu1",
            "dw.weight",
            "clip",
            "shift",
            "relu2",
            "gap",
            "fc.weight",
            "output");
    assertThat(rule(placed, "conv1")).matches("supergroups\\[\\d+] Conv\\+Relu");
    assertThat(rule(placed, "dw")).matches("supergroups\\[\\d+] Conv\\+Clip");
    assertThat(rule(placed, "add")).matches("supergroups\\[\\d+] Add\\+Relu");
    assertThat(rule(placed, "pool")).isEqualTo("grid-preserving MaxPool");
    assertThat(rule(placed, "conv1.bias")).isEqualTo("params.bias.is_quantized");
    assertThat(rule(placed, "conv1.weight")).isEqualTo("defaults.params");
    assertThat(rule(placed, "gap")).isEqualTo("defaults.ops");
    assertThat(rule(placed, "input")).isEqualTo("model_input");
    assertThat(rule(placed, "shift")).isEqualTo("model_input");
  }

  @ParameterizedTest
  @ValueSource(strings = {"per_tensor", "per_channel"})
  void aimets_configs_keep_a_depthwise_output_quantized(String config) {
    Graph placed = place(network(), config);

    assertThat(enabled(placed))
        .containsExactly(
            "input",
            "conv1.weight",
            "relu1",
            "dw.weight",
            "dw",
            "zero",
            "six",
            "clip",
            "shift",
            "relu2",
            "gap",
            "fc.weight",
            "output");
    assertThat(rule(placed, "dw")).isEqualTo("defaults.ops");
    assertThat(rule(placed, "six")).isEqualTo("model_input");
  }

  @ParameterizedTest
  @ValueSource(strings = {"per_tensor", "per_channel", "htp_v66", "htp_v73"})
  void every_possible_quantizer_is_a_node(String config) {
    assertThat(place(network(), config).quantizers())
        .extracting(QuantizerNode::tensor)
        .containsExactly(
            "input",
            "conv1.weight",
            "conv1.bias",
            "conv1",
            "relu1",
            "pool",
            "dw.weight",
            "dw",
            "zero",
            "six",
            "clip",
            "shift",
            "add",
            "relu2",
            "gap",
            "fc.weight",
            "fc.bias",
            "output");
  }

  @Test
  void int8_has_no_quantizers_of_bounds() {
    assertThat(place(network(), "int8").quantizers())
        .hasSize(16)
        .extracting(QuantizerNode::tensor)
        .doesNotContain("zero", "six");
  }

  @Test
  void bounds_are_quantized_for_the_files_and_read_as_they_are() {
    Graph placed = place(network(), "per_tensor");

    assertThat(operator(placed, "clip").inputs()).containsExactly("dw_qdq", "zero", "six");
    assertThat(quantizer(placed, "six").enabled()).isTrue();
    assertThat(placed.consumers(quantizer(placed, "six").output())).isEmpty();
  }

  @Test
  void sizes_of_a_resize_have_no_quantizer_anywhere() {
    Graph graph =
        start("resize")
            .output(value("sum", Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(8)))
            .initializer("scales", io.qalibre.graph.Tensor.of(new float[] {1, 1, 1, 1}, 4))
            .node(op("up", "Resize", List.of("input", "", "scales")))
            .node(op("sum", "Add", List.of("up", "scales")))
            .build();

    assertThat(place(graph, "per_tensor").quantizers())
        .extracting(QuantizerNode::tensor)
        .containsExactly("input", "up", "sum");
  }

  @Test
  void a_constant_that_nothing_reads_is_quantized_as_aimet_does() {
    Graph graph = network().toBuilder().initializer("left", weights(1)).build();

    assertThat(enabled(place(graph, "per_tensor"))).contains("left");
    assertThat(quantizer(place(graph, "per_tensor"), "left").placement().operator())
        .isEqualTo("Constant");
    assertThat(enabled(place(graph, "int8"))).doesNotContain("left");
  }

  @Test
  void kinds_and_operators_are_those_of_the_tensors() {
    Graph placed = place(network(), "int8");

    assertThat(quantizer(placed, "conv1.weight").placement().kind()).isEqualTo(Kind.WEIGHT);
    assertThat(quantizer(placed, "conv1.bias").placement().kind()).isEqualTo(Kind.BIAS);
    assertThat(quantizer(placed, "shift").placement().kind()).isEqualTo(Kind.ACTIVATION);
    assertThat(quantizer(placed, "conv1.weight").placement().operator()).isEqualTo("Conv");
    assertThat(quantizer(placed, "relu1").placement().operator()).isEqualTo("Relu");
    assertThat(quantizer(placed, "input").placement().operator()).isEqualTo("input");
  }

  @Test
  void weights_are_symmetric_int8_and_activations_asymmetric() {
    Graph perChannel = place(network(), "per_channel");

    QuantizerSpec weight = quantizer(perChannel, "dw.weight").spec();
    assertThat(weight.symmetry()).isEqualTo(Symmetry.SYMMETRIC);
    assertThat(weight.bitwidth()).isEqualTo(8);
    assertThat(weight.axis()).isZero();
    assertThat(quantizer(perChannel, "fc.bias").spec().bitwidth()).isEqualTo(8);
    assertThat(quantizer(perChannel, "fc.bias").spec().axis()).isZero();
    QuantizerSpec activation = quantizer(perChannel, "relu1").spec();
    assertThat(activation.symmetry()).isEqualTo(Symmetry.ASYMMETRIC);
    assertThat(activation.bitwidth()).isEqualTo(8);
    assertThat(activation.perChannel()).isFalse();
    assertThat(place(network(), "per_tensor").quantizers())
        .noneMatch(quantizer -> quantizer.spec().perChannel());
  }

  @Test
  void channel_axes_are_those_of_the_operator() {
    Graph graph =
        start("axes")
            .output(value("bn", Dim.symbolic("N"), Dim.of(8), Dim.of(5)))
            .initializer("w", weights(8, 5))
            .initializer("batched", weights(3, 5, 5))
            .initializer("v", weights(8))
            .node(op("mm", "MatMul", List.of("input", "w")))
            .node(op("mm2", "MatMul", List.of("mm", "batched")))
            .node(op("bn", "BatchNormalization", List.of("mm2", "v", "v", "v", "v")))
            .build();

    Graph placed = place(graph, "int8");

    assertThat(quantizer(placed, "w").spec().axis()).isEqualTo(1);
    assertThat(quantizer(placed, "batched").spec().axis()).isEqualTo(2);
    assertThat(quantizer(placed, "v").spec().perChannel()).isFalse();
  }

  @Test
  void consumers_read_the_quantized_tensor_and_outputs_keep_their_names() {
    Graph placed = place(network(), "int8");

    assertThat(operator(placed, "conv1").inputs())
        .containsExactly("input_qdq", "conv1.weight_qdq", "conv1.bias_qdq");
    assertThat(operator(placed, "relu1").inputs()).containsExactly("conv1_qdq");
    assertThat(operator(placed, "clip").inputs()).containsExactly("dw_qdq", "zero", "six");
    assertThat(operator(placed, "fc").outputs()).containsExactly("output_raw");
    QuantizerNode output = quantizer(placed, "output");
    assertThat(output.input()).isEqualTo("output_raw");
    assertThat(output.output()).isEqualTo("output");
    assertThat(placed.outputs()).isEqualTo(network().outputs());
    assertThat(ShapeInference.infer(placed)).containsAllEntriesOf(ShapeInference.infer(network()));
  }

  @Test
  void an_output_that_is_also_read_goes_through_one_quantizer() {
    Graph graph =
        start("tap")
            .output(value("a", Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(8)))
            .output(value("b", Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(8)))
            .node(op("a", "Sigmoid", List.of("input")))
            .node(op("b", "Tanh", List.of("a")))
            .build();

    Graph placed = place(graph, "int8");

    assertThat(operator(placed, "a").outputs()).containsExactly("a_raw");
    assertThat(operator(placed, "b").inputs()).containsExactly("a");
    assertThat(quantizer(placed, "a").output()).isEqualTo("a");
  }

  @Test
  void names_that_are_taken_are_not_taken_again() {
    Graph graph =
        start("names")
            .output(value("out", Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(8)))
            .node(op("input_qdq", "Sigmoid", List.of("input")))
            .node(op("out", "Tanh", List.of("input_qdq")))
            .build();

    Graph placed = place(graph, "int8");

    assertThat(quantizer(placed, "input").output()).isEqualTo("input_qdq_1");
    assertThat(operator(placed, "input_qdq").inputs()).containsExactly("input_qdq_1");
  }

  @Test
  void a_shared_parameter_has_one_quantizer() {
    Graph graph =
        start("shared")
            .output(value("b", Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(8)))
            .initializer("w", weights(3, 3, 1, 1))
            .node(op("a", "Conv", List.of("input", "w")))
            .node(op("b", "Conv", List.of("a", "w")))
            .build();

    Graph placed = place(graph, "int8");

    assertThat(placed.quantizers()).filteredOn(q -> q.tensor().equals("w")).hasSize(1);
    assertThat(operator(placed, "a").input(1)).isEqualTo("w_qdq");
    assertThat(operator(placed, "b").input(1)).isEqualTo("w_qdq");
    assertThat(quantizer(placed, "w").spec().axis()).isZero();
  }

  @Test
  void integers_are_never_quantized() {
    Graph graph =
        start("integers")
            .output(value("out", Dim.symbolic("N"), Dim.of(192)))
            .initializer("shape", io.qalibre.graph.Tensor.of(new long[] {0, 192}, 2))
            .node(op("flat", "Reshape", List.of("input", "shape")))
            .node(op("out", "Sigmoid", List.of("flat")))
            .build();

    assertThat(place(graph, "int8").quantizers())
        .extracting(QuantizerNode::tensor)
        .containsExactly("input", "out");
  }

  @Test
  void longer_supergroups_go_first_and_batch_norms_stay_float() {
    Graph graph =
        start("bn")
            .output(value("relu", Dim.symbolic("N"), Dim.of(4), Dim.of(6), Dim.of(6)))
            .initializer("w", weights(4, 3, 3, 3))
            .initializer("g", weights(4))
            .initializer("b", weights(4))
            .initializer("m", weights(4))
            .initializer("v", weights(4))
            .node(op("conv", "Conv", List.of("input", "w")))
            .node(op("bn", "BatchNormalization", List.of("conv", "g", "b", "m", "v")))
            .node(op("relu", "Relu", List.of("bn")))
            .build();

    assertThat(enabled(place(graph, "int8"))).containsExactly("input", "w", "relu");
    assertThat(rule(place(graph, "int8"), "bn")).endsWith("Conv+BatchNormalization+Relu");
    Graph aimet = place(graph, "per_channel");
    assertThat(enabled(aimet)).containsExactly("input", "w", "conv", "g", "bn", "relu");
    assertThat(quantizer(aimet, "g").spec().symmetry()).isEqualTo(Symmetry.ASYMMETRIC);
  }

  @Test
  void a_chain_that_branches_is_no_supergroup() {
    Graph graph =
        start("branch")
            .output(value("sum", Dim.symbolic("N"), Dim.of(4), Dim.of(6), Dim.of(6)))
            .initializer("w", weights(4, 3, 3, 3))
            .node(op("conv", "Conv", List.of("input", "w")))
            .node(op("relu", "Relu", List.of("conv")))
            .node(op("sum", "Add", List.of("relu", "conv")))
            .build();

    assertThat(enabled(place(graph, "int8"))).containsExactly("input", "w", "conv", "relu", "sum");
  }

  @Test
  void a_clip_that_does_not_begin_at_zero_is_not_fused() {
    Graph graph =
        network().toBuilder().initializer("zero", io.qalibre.graph.Tensor.scalar(-1)).build();

    assertThat(enabled(place(graph, "int8"))).contains("dw", "clip");
  }

  @Test
  void aimet_fuses_any_clip() {
    Graph graph =
        start("hardtanh")
            .output(value("clip", Dim.symbolic("N"), Dim.of(4), Dim.of(6), Dim.of(6)))
            .initializer("w", weights(4, 3, 3, 3))
            .initializer("low", io.qalibre.graph.Tensor.scalar(-1))
            .node(op("conv", "Conv", List.of("input", "w")))
            .node(op("clip", "Clip", List.of("conv", "low")))
            .build();

    assertThat(enabled(place(graph, "per_tensor"))).containsExactly("input", "w", "low", "clip");
    assertThat(enabled(place(graph, "int8"))).containsExactly("input", "w", "conv", "clip");
  }

  @Test
  void what_hands_values_on_is_counted_as_aimet_counts_but_in_int8() {
    Graph graph =
        start("pool")
            .output(value("pool", Dim.symbolic("N"), Dim.of(3), Dim.of(1), Dim.of(1)))
            .node(op("pool", "GlobalMaxPool", List.of("input")))
            .build();

    assertThat(enabled(place(graph, "per_tensor"))).containsExactly("input", "pool");
    assertThat(enabled(place(graph, "int8"))).containsExactly("input");
  }

  @Test
  void a_constant_added_to_a_matrix_product_is_its_bias() {
    Graph graph =
        start("linear")
            .output(value("relu", Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(5)))
            .initializer("w", weights(8, 5))
            .initializer("b", weights(5))
            .node(op("mm", "MatMul", List.of("input", "w")))
            .node(op("add", "Add", List.of("b", "mm")))
            .node(op("relu", "Relu", List.of("add")))
            .build();

    Graph int8 = place(graph, "int8");
    assertThat(enabled(int8)).containsExactly("input", "w", "relu");
    assertThat(quantizer(int8, "b").placement().kind()).isEqualTo(Kind.BIAS);
    assertThat(quantizer(int8, "b").spec().axis()).isZero();
    assertThat(rule(int8, "mm")).isEqualTo("supergroup_pass_list MatmulAdd");
    assertThat(enabled(place(graph, "per_tensor"))).containsExactly("input", "w", "add", "relu");
  }

  @Test
  void a_computed_weight_is_as_symmetric_as_a_stored_one() {
    Graph graph =
        start("attention")
            .output(value("mm", Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(8)))
            .node(op("a", "Sigmoid", List.of("input")))
            .node(op("b", "Tanh", List.of("input")))
            .node(op("mm", "MatMul", List.of("a", "b")))
            .build();

    Graph placed = place(graph, "int8");

    assertThat(quantizer(placed, "a").spec().symmetry()).isEqualTo(Symmetry.ASYMMETRIC);
    assertThat(quantizer(placed, "b").spec().symmetry()).isEqualTo(Symmetry.SYMMETRIC);
  }

  @Test
  void a_grouped_transposed_convolution_is_per_tensor_and_unknown_operators_are_quantized() {
    Graph graph =
        start("unknown")
            .output(value("out", Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(8)))
            .initializer("w", weights(3, 1, 1, 1))
            .node(
                new OperatorNode(
                    "up",
                    "ConvTranspose",
                    List.of("input", "w"),
                    List.of("up"),
                    new Attributes(Map.of("group", 3L))))
            .node(op("out", "SomethingNew", List.of("up")))
            .build();

    Graph placed = place(graph, "int8");

    assertThat(enabled(placed)).containsExactly("input", "w", "up", "out");
    assertThat(quantizer(placed, "w").spec().perChannel()).isFalse();
  }

  @Test
  void a_graph_with_quantizers_is_refused() {
    Graph placed = place(network(), "int8");

    assertThatThrownBy(() -> place(placed, "int8"))
        .isInstanceOf(QalibreException.class)
        .hasMessage("small: expected a network without quantizers, found 16");
  }

  private static OperatorNode operator(Graph graph, String name) {
    return graph.operators().stream().filter(n -> n.name().equals(name)).findFirst().orElseThrow();
  }
}
