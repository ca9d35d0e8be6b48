package io.qalibre.graph.op;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What layouts and positions are refused, and in which words. */
class Operator_shapes_Test {
  private static Tensor integers(long... values) {
    return Tensor.of(values, values.length);
  }

  /** N×4×6, with one constant {@code c} for the second input. */
  private static Net net(long... constant) {
    return Net.input(4, 6).constant("c", integers(constant));
  }

  private static Net op(String type, Net net, Object... attributes) {
    return net.op("y", type, List.of("x", "c"), attributes);
  }

  static Stream<Arguments> refused() {
    return Stream.of(
        Arguments.of(
            op("Reshape", net(-1, 2, -1)),
            "Reshape `y`: expected sizes of 0 or more and at most one -1, found [-1, 2, -1]"),
        Arguments.of(op("Reshape", net(0, -1, 5)), "Reshape `y`: cannot reshape N×4×6 to N×?×5"),
        Arguments.of(
            op("Reshape", net(0, 0, 0, 0)),
            "Reshape `y`: size 0 at axis 3 copies an axis that N×4×6 does not have"),
        Arguments.of(op("Squeeze", net(1)), "Squeeze `y`: axis 1 of N×4×6 is not 1"),
        Arguments.of(op("Squeeze", net(5)), "Squeeze `y`: axis 5 is outside a tensor of rank 3"),
        Arguments.of(
            op("Unsqueeze", net(0, -5)), "Unsqueeze `y`: an axis is named twice in [0, -5]"),
        Arguments.of(
            Net.input(4, 6).op("y", "Transpose", List.of("x"), "perm", List.of(0L, 2L, 2L)),
            "Transpose `y`: [0, 2, 2] is no order of the axes of N×4×6"),
        Arguments.of(
            Net.input(4, 6).random("c", 4, 5).op("y", "Concat", List.of("x", "c"), "axis", 1L),
            "Concat `y`: shapes N×4×6 and 4×5 do not go together along axis 1"),
        Arguments.of(
            Net.input(4, 6).random("c", 1, 4, 5).op("y", "Concat", List.of("x", "c"), "axis", 1L),
            "Concat `y`: shapes N×4×6 and 1×4×5 do not go together along axis 1"),
        Arguments.of(
            op("Split", net(1, 3), "axis", 1L), "Split `y`: 1 outputs do not go with 2 parts"),
        Arguments.of(
            op("Split", net(3), "axis", 1L),
            "Split `y`: parts of [3] do not make up axis 1 of N×4×6"),
        Arguments.of(
            Net.input(4, 6).op("y", "Split", List.of("x"), "axis", 1L, "num_outputs", 2L),
            "Split `y`: num_outputs is 2, found 1 outputs"),
        Arguments.of(
            op("Tile", net(1, 2)),
            "Tile `y`: expected a number of repeats for each axis of N×4×6, found 2"),
        Arguments.of(op("Expand", net(3, 6)), "Expand `y`: shapes N×4×6 and 3×6 do not broadcast"),
        Arguments.of(
            Net.input(6, 4, 4).op("y", "DepthToSpace", List.of("x"), "blocksize", 2L),
            "DepthToSpace `y`: axis 1 of N×6×4×4 is no multiple of 4"),
        Arguments.of(
            net(0).constant("d", integers(1, 2)).op("y", "Slice", List.of("x", "c", "d")),
            "Slice `y`: expected as many ends, axes and steps as starts (1), found 2, 1 and 1"),
        Arguments.of(
            net(0).op("y", "Slice", List.of("x", "c", "c", "c", "c")),
            "Slice `y`: a step of 0 leads nowhere"),
        Arguments.of(
            net(3).op("s", "Shape", List.of("x")).op("y", "Gather", List.of("s", "c")),
            "Gather `y`: position 3 is outside of 3 elements"),
        Arguments.of(
            op("GatherElements", net(3)),
            "GatherElements `y`: expected positions of the rank of N×4×6, found 1"),
        Arguments.of(
            op("GatherND", net(0, 1, 2, 3)),
            "GatherND `y`: expected positions of which the last axis has a known size of at most"
                + " 3, found 4"),
        Arguments.of(
            net(0, 1).random("u", 3, 1).op("y", "ScatterND", List.of("x", "c", "u")),
            "ScatterND `y`: expected updates of rank 1 for data N×4×6 and positions 2, found 3×1"),
        Arguments.of(op("TopK", net(7)), "TopK `y`: 7 values are wanted along axis 2 of N×4×6"),
        Arguments.of(
            Net.input(4, 6).op("y", "TopK", List.of("x")),
            "TopK `y`: neither an input nor an attribute says how many values are wanted"),
        Arguments.of(
            net(0).op("y", "Range", List.of("c", "c", "c")),
            "Range `y`: a delta of 0 gives no end"),
        Arguments.of(
            Net.input(4).constant("l", integers(1)).op("y", "GridSample", List.of("x", "l")),
            "GridSample `y`: expected an input N×C×H×W or N×C×D×H×W and a grid of its rank, found"
                + " N×4 and 1"));
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("refused")
  void what_does_not_go_together_is_refused(Net net, String message) {
    assertThatThrownBy(() -> ShapeInference.infer(net.unchecked("y")))
        .isInstanceOf(QalibreException.class)
        .hasMessage(message);
  }

  @Test
  void a_rank_that_depends_on_data_is_refused() {
    Graph graph =
        new GraphBuilder("net")
            .input(new ValueInfo("x", DataType.FLOAT, TensorShape.of(2, 3)))
            .input(new ValueInfo("sizes", DataType.INT64, TensorShape.of(-1)))
            .node(
                new OperatorNode(
                    "y", "Reshape", List.of("x", "sizes"), List.of("y"), new Attributes(Map.of())))
            .output(new ValueInfo("y", DataType.FLOAT, TensorShape.of(-1)))
            .build();

    assertThatThrownBy(() -> ShapeInference.infer(graph))
        .isInstanceOf(QalibreException.class)
        .hasMessage("Reshape `y`: expected a vector of a known length at input `sizes`, found ?");
  }
}
