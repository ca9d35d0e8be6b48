package io.qalibre.config;

import static io.qalibre.config.SmallGraphs.enabled;
import static io.qalibre.config.SmallGraphs.op;
import static io.qalibre.config.SmallGraphs.quantizer;
import static io.qalibre.config.SmallGraphs.rule;
import static io.qalibre.config.SmallGraphs.start;
import static io.qalibre.config.SmallGraphs.value;
import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.quant.Bounds;
import io.qalibre.quant.Symmetry;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class Placement_ties_Test {
  private static Graph place(Graph graph, String builtIn) {
    return Placement.place(graph, RuntimeConfig.builtIn(builtIn), PlacementOptions.DEFAULT);
  }

  private static GraphBuilder ending(String output) {
    return start("ties").output(value(output, Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(8)));
  }

  private static OperatorNode concat(String name, String... inputs) {
    return new OperatorNode(
        name, "Concat", List.of(inputs), List.of(name), new Attributes(Map.of("axis", 1L)));
  }

  /** The tensors that share an id with others, by id; tied quantizers have to have one spec. */
  private static Map<String, Set<String>> groups(Graph placed) {
    Map<String, Set<String>> groups = new TreeMap<>();
    placed.quantizers().stream()
        .filter(QuantizerNode::enabled)
        .forEach(q -> groups.computeIfAbsent(q.id(), k -> new TreeSet<>()).add(q.tensor()));
    groups.values().removeIf(group -> group.size() == 1);
    groups.forEach(
        (id, group) ->
            group.forEach(
                tensor ->
                    assertThat(quantizer(placed, tensor).spec())
                        .isEqualTo(quantizer(placed, id).spec())));
    return groups;
  }

  @Test
  void a_relu_has_its_inputs_grid_and_says_so() {
    Graph graph =
        ending("relu")
            .node(op("sigmoid", "Sigmoid", List.of("input")))
            .node(op("relu", "Relu", List.of("sigmoid")))
            .build();

    Graph placed = place(graph, "per_tensor");

    assertThat(groups(placed)).isEqualTo(Map.of("sigmoid", Set.of("relu", "sigmoid")));
    assertThat(rule(placed, "relu")).isEqualTo("defaults.ops; tied to `sigmoid` by Relu");
    assertThat(rule(placed, "sigmoid")).isEqualTo("defaults.ops; tied to `relu` by Relu");
    assertThat(groups(place(graph, "int8"))).isEmpty();
  }

  @Test
  void pools_and_interpolations_go_on_with_a_grid_through_what_hands_values_on() {
    Graph graph =
        ending("up")
            .node(op("sum", "Add", List.of("input", "input")))
            .node(op("max", "MaxPool", List.of("sum")))
            .node(op("average", "AveragePool", List.of("max")))
            .node(op("up", "Resize", List.of("average")))
            .build();

    Graph placed = place(graph, "per_tensor");

    assertThat(groups(placed)).isEqualTo(Map.of("sum", Set.of("sum", "average", "up")));
    assertThat(quantizer(placed, "max").enabled()).isFalse();
    assertThat(quantizer(placed, "max").id()).isEqualTo("max");
  }

  @Test
  void a_fixed_end_moves_to_the_only_reader_s_input() {
    Graph single =
        ending("relu")
            .node(op("exp", "Exp", List.of("input")))
            .node(op("relu", "Relu", List.of("exp")))
            .build();
    Graph shared =
        ending("sum")
            .node(op("exp", "Exp", List.of("input")))
            .node(op("relu", "Relu", List.of("exp")))
            .node(op("sum", "Mul", List.of("exp", "relu")))
            .build();

    Graph placed = place(single, "htp_v73");
    assertThat(groups(placed)).isEqualTo(Map.of("exp", Set.of("exp", "relu")));
    assertThat(quantizer(placed, "exp").spec().bounds()).isEqualTo(new Bounds(0.0, null));
    assertThat(rule(placed, "exp"))
        .isEqualTo("defaults.ops; op_type.Relu.encoding_constraints; tied to `relu` by Relu");
    assertThat(groups(place(shared, "htp_v73"))).isEmpty();
    assertThat(groups(place(shared, "per_tensor"))).hasSize(1);
  }

  @Test
  void ranges_that_differ_are_not_tied() {
    Graph graph =
        ending("relu")
            .node(op("sigmoid", "Sigmoid", List.of("input")))
            .node(op("relu", "Relu", List.of("sigmoid")))
            .build();

    Graph placed = place(graph, "htp_v73");

    assertThat(groups(placed)).isEmpty();
    assertThat(quantizer(placed, "sigmoid").spec().bounds()).isEqualTo(Bounds.of(0, 1));
    assertThat(quantizer(placed, "relu").spec().bounds()).isEqualTo(new Bounds(0.0, null));
  }

  @Test
  void a_symmetric_grid_reaches_as_far_to_both_sides() {
    Graph graph =
        ending("mm")
            .node(op("softmax", "Softmax", List.of("input")))
            .node(op("pool", "AveragePool", List.of("softmax")))
            .node(op("mm", "MatMul", List.of("input", "pool")))
            .build();

    Graph placed = place(graph, "htp_v73");

    assertThat(groups(placed)).isEqualTo(Map.of("softmax", Set.of("softmax", "pool")));
    assertThat(quantizer(placed, "softmax").spec().bounds()).isEqualTo(Bounds.of(-1, 1));
    assertThat(quantizer(placed, "pool").spec().symmetry()).isEqualTo(Symmetry.SYMMETRIC);
    assertThat(rule(placed, "pool")).contains("symmetric as the weight of MatMul");
  }

  @Test
  void a_concat_gives_its_grid_to_inputs_that_nothing_else_reads() {
    Graph graph =
        ending("concat")
            .node(op("a", "Exp", List.of("input")))
            .node(op("b", "Exp", List.of("input")))
            .node(op("c", "Exp", List.of("a")))
            .node(op("moved", "Transpose", List.of("b")))
            .node(concat("inner", "c", "moved"))
            .node(concat("concat", "a", "inner"))
            .build();

    Graph placed = place(graph, "per_tensor");

    assertThat(groups(placed)).isEqualTo(Map.of("b", Set.of("b", "c", "concat", "inner")));
    assertThat(rule(placed, "c"))
        .isEqualTo("defaults.ops; tied to `b`, `inner`, `concat` by Concat");
    assertThat(quantizer(placed, "a").id()).isEqualTo("a");
  }

  @Test
  void one_fixed_range_of_all_inputs_is_the_concats_and_differing_ones_stay_apart() {
    Graph equal =
        ending("concat")
            .node(op("a", "Sigmoid", List.of("input")))
            .node(op("b", "Softmax", List.of("input")))
            .node(concat("concat", "a", "b"))
            .build();
    Graph mixed =
        ending("concat")
            .node(op("a", "Sigmoid", List.of("input")))
            .node(op("b", "Exp", List.of("input")))
            .node(concat("concat", "a", "b"))
            .build();

    Graph placed = place(equal, "htp_v73");
    assertThat(groups(placed)).isEqualTo(Map.of("a", Set.of("a", "b", "concat")));
    assertThat(quantizer(placed, "concat").spec().bounds()).isEqualTo(Bounds.of(0, 1));
    assertThat(rule(placed, "concat")).contains("op_type.Sigmoid.encoding_constraints");
    Graph apart = place(mixed, "htp_v73");
    assertThat(groups(apart)).isEqualTo(Map.of("b", Set.of("b", "concat")));
    assertThat(quantizer(apart, "a").spec().bounds()).isEqualTo(Bounds.of(0, 1));
    assertThat(quantizer(apart, "b").spec().bounds()).isEqualTo(Bounds.NONE);
  }

  @Test
  void what_is_disabled_leaves_the_group_and_other_edits_hold_for_all_of_it() {
    Graph graph =
        ending("up")
            .node(op("exp", "Exp", List.of("input")))
            .node(op("relu", "Relu", List.of("exp")))
            .node(op("up", "Resize", List.of("relu")))
            .build();

    Graph placed =
        Placement.place(
            graph,
            RuntimeConfig.builtIn("per_tensor"),
            PlacementOptions.DEFAULT
                .with(new QuantizerEdit.Disable("exp"))
                .with(new QuantizerEdit.Bits("up", 16)));

    assertThat(enabled(placed)).containsExactly("input", "relu", "up");
    assertThat(groups(placed)).isEqualTo(Map.of("relu", Set.of("relu", "up")));
    assertThat(quantizer(placed, "relu").spec().bitwidth()).isEqualTo(16);
    assertThat(quantizer(placed, "exp").id()).isEqualTo("exp");
    assertThat(rule(placed, "relu"))
        .isEqualTo("defaults.ops; user: 16 bits up; tied to `up` by Relu, Resize");
  }
}
