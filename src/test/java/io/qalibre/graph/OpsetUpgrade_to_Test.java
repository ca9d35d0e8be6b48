package io.qalibre.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.engine.Runner;
import io.qalibre.errors.QalibreException;
import io.qalibre.testing.Net;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class OpsetUpgrade_to_Test {
  private static final long NEWEST = 21;

  private static Net pictures() {
    return Net.input(4, 6, 6);
  }

  private static Graph old(long opset, Net net, String... outputs) {
    ModelInfo info = new ModelInfo(opset, 4, "", "", Map.of());
    return net.unchecked(outputs.length == 0 ? new String[] {"y"} : outputs).toBuilder()
        .info(info)
        .build();
  }

  private static Net unary(String type, Object... attributes) {
    return pictures().op("y", type, List.of("x"), attributes);
  }

  static Stream<Arguments> forms() {
    List<Long> all = List.of(0L, 0L, 1L, 1L, 0L, 0L, 2L, 0L);
    Net resize =
        pictures()
            .constant("s", Tensor.of(new float[] {1, 1, 2, 1.5f}, 4))
            .op("y", "Resize", List.of("x", "s"), "mode", "linear");
    Net smaller =
        pictures()
            .constant("s", Tensor.of(new float[] {1, 1, 0.4f, 0.7f}, 4))
            .op("y", "Resize", List.of("x", "s"), "mode", "nearest");
    Net grid =
        pictures()
            .constant("g", Net.data(2, 3, 5, 5, 2))
            .op("y", "GridSample", List.of("x", "g"), "mode", "bicubic");
    Net norm =
        pictures()
            .random("gamma", 2)
            .random("beta", 2)
            .op("y", "GroupNormalization", List.of("x", "gamma", "beta"), "num_groups", 2L);
    Net computed =
        pictures()
            .random("gamma", 2)
            .random("beta", 2)
            .op("twice", "Add", List.of("gamma", "gamma"))
            .op("y", "GroupNormalization", List.of("x", "twice", "beta"), "num_groups", 2L);
    List<Arguments> forms = new ArrayList<>();
    forms.add(Arguments.of("Clip", 10, unary("Clip", "min", -0.3f, "max", 0.7f)));
    forms.add(Arguments.of("Clip from above", 7, unary("Clip", "max", 0.7f)));
    forms.add(Arguments.of("Pad", 10, unary("Pad", "pads", all, "value", 0.5f)));
    forms.add(
        Arguments.of(
            "Slice",
            9,
            unary(
                "Slice",
                "starts",
                List.of(1L, 0L),
                "ends",
                List.of(3L, -1L),
                "axes",
                List.of(1L, 3L))));
    forms.add(
        Arguments.of(
            "Slice of first axes", 9, unary("Slice", "starts", List.of(1L), "ends", List.of(3L))));
    forms.add(Arguments.of("TopK", 9, topK()));
    forms.add(Arguments.of("Dropout", 7, unary("Dropout", "ratio", 0.3f)));
    forms.add(
        Arguments.of(
            "Upsample",
            7,
            unary("Upsample", "scales", List.of(1f, 1f, 2f, 3f), "mode", "nearest")));
    forms.add(Arguments.of("Resize", 10, resize));
    forms.add(Arguments.of("Resize to less", 10, smaller));
    forms.add(Arguments.of("Resize by sizes", 11, resizeBySizes()));
    forms.add(
        Arguments.of(
            "Squeeze",
            12,
            unary("ReduceMax", "axes", List.of(2L))
                .op("z", "Squeeze", List.of("y"), "axes", List.of(2L))));
    forms.add(Arguments.of("Unsqueeze", 12, unary("Unsqueeze", "axes", List.of(0L, 5L))));
    forms.add(
        Arguments.of("ReduceSum", 12, unary("ReduceSum", "axes", List.of(1L), "keepdims", 0L)));
    for (String type :
        List.of(
            "ReduceMean", "ReduceL1", "ReduceL2", "ReduceMax", "ReduceMin", "ReduceSumSquare")) {
      forms.add(Arguments.of(type, 13, unary(type, "axes", List.of(2L, 3L))));
    }
    for (String type : List.of("Softmax", "LogSoftmax", "Hardmax")) {
      forms.add(Arguments.of(type + " of last", 12, unary(type, "axis", -1L)));
      forms.add(Arguments.of(type + " of several", 12, unary(type)));
    }
    forms.add(Arguments.of("GridSample", 16, grid));
    forms.add(Arguments.of("GroupNormalization", 18, norm));
    forms.add(Arguments.of("GroupNormalization of computed", 18, computed));
    return forms.stream();
  }

  private static Net topK() {
    return pictures().op("y", "TopK", List.of("x"), "k", 2L, "axis", 3L);
  }

  private static Net resizeBySizes() {
    return pictures()
        .constant("none", Tensor.of(new float[0], 0))
        .constant("sizes", Tensor.of(new long[] {3, 4, 9, 5}, 4))
        .op("y", "Resize", List.of("x", "none", "none", "sizes"));
  }

  @ParameterizedTest(name = "{0} of opset {1}")
  @MethodSource("forms")
  void an_older_form_computes_the_same_in_a_newer_one(String name, long opset, Net net) {
    Graph graph = old(opset, net);
    Map<String, Tensor> inputs = Map.of("x", Net.data(3, 3, 4, 6, 6));

    Graph raised = OpsetUpgrade.to(graph, NEWEST);

    assertThat(raised.info().opset()).isEqualTo(NEWEST);
    assertThat(raised.nodes()).isNotEqualTo(graph.nodes());
    assertThat(Runner.run(Simulation.of(raised), inputs))
        .isEqualTo(Runner.run(Simulation.of(graph), inputs));
  }

  @Test
  void parts_of_equal_size_are_counted() {
    OperatorNode split =
        new OperatorNode(
            "split", "Split", List.of("x"), List.of("a", "b"), Attributes.NONE.with("axis", 1L));
    Graph given = withNode(split, Attributes.NONE.with("axis", 1L).with("split", List.of(1L, 3L)));
    Graph equal = withNode(split, split.attributes());
    Map<String, Tensor> inputs = Map.of("x", Net.data(3, 3, 4, 6, 6));

    for (Graph graph : List.of(given, equal)) {
      Graph raised = OpsetUpgrade.to(graph, NEWEST);

      assertThat(raised.nodes()).isNotEqualTo(graph.nodes());
      assertThat(Runner.run(Simulation.of(raised), inputs))
          .isEqualTo(Runner.run(Simulation.of(graph), inputs));
    }
  }

  private static Graph withNode(OperatorNode node, Attributes attributes) {
    Graph graph = old(11, pictures().op("a", "Relu", List.of("x")), "a");
    return graph.toBuilder()
        .nodes(List.of(node.withAttributes(attributes)))
        .output(new ValueInfo("b", DataType.FLOAT, TensorShape.of(Dim.unknown())))
        .build();
  }

  @Test
  void forms_that_mean_the_same_stay() {
    Graph graph = old(8, pictures().batchNorm("n", "x", 4).op("y", "ReduceMean", List.of("n")));

    assertThat(OpsetUpgrade.to(graph, NEWEST).nodes()).isEqualTo(graph.nodes());
  }

  @Test
  void only_what_changed_up_to_the_operator_set_is_rewritten() {
    Graph graph =
        old(10, unary("Clip", "max", 1f).op("z", "ReduceMean", List.of("y"), "axes", List.of(1L)));

    Graph raised = OpsetUpgrade.to(graph, 13);

    assertThat(raised.operators().get(0).inputs()).containsExactly("x", "", "y_max");
    assertThat(raised.operators().get(1)).isEqualTo(graph.operators().get(1));
    assertThat(OpsetUpgrade.to(raised, 13)).isSameAs(raised);
  }

  @Test
  void what_cannot_be_raised_is_an_error_that_names_node_and_operator() {
    assertThatThrownBy(() -> OpsetUpgrade.to(old(8, unary("Loop")), NEWEST))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "Loop node `y`: it cannot be raised from opset 8 to 21: expected an operator whose"
                + " versions are known, found Loop");
    assertThatThrownBy(
            () ->
                OpsetUpgrade.to(
                    old(
                        11,
                        resizeBySizes()
                            .op(
                                "z",
                                "Resize",
                                List.of("x", "none", "none", "sizes"),
                                "coordinate_transformation_mode",
                                "tf_half_pixel_for_nn")),
                    NEWEST))
        .hasMessageContaining("Resize node `z`: it cannot be raised from opset 11 to 21")
        .hasMessageContaining("found tf_half_pixel_for_nn");
    assertThatThrownBy(() -> OpsetUpgrade.to(old(6, unary("Relu")), NEWEST))
        .hasMessageContaining("net: expected opset 7 or later");
  }
}
