package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.engine.Runner;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.ModelInfo;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.ValueInfo;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Net;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Networks of older operator sets, whose input is quantized to 16 bits, in ONNX Runtime. */
class QdqGraph_olderNetworks_Test {
  private static final Map<String, Tensor> INPUT = Map.of("x", Net.data(3, 3, 4, 6, 6));

  @TempDir Path dir;

  private static Arguments unary(long opset, String type, Object... attributes) {
    return Arguments.of(type, opset, pictures().op("y", type, List.of("x"), attributes));
  }

  private static Net pictures() {
    return Net.input(4, 6, 6);
  }

  static Stream<Arguments> networks() {
    return Stream.of(
        unary(10, "Clip", "min", -0.3f, "max", 0.7f),
        unary(10, "Pad", "pads", List.of(0L, 0L, 1L, 1L, 0L, 0L, 2L, 0L), "value", 0.5f),
        unary(9, "Slice", "starts", List.of(1L), "ends", List.of(3L), "axes", List.of(2L)),
        unary(9, "Dropout", "ratio", 0.3f),
        unary(9, "Upsample", "scales", List.of(1f, 1f, 2f, 3f), "mode", "nearest"),
        unary(12, "Unsqueeze", "axes", List.of(0L, 5L)),
        unary(12, "ReduceSum", "axes", List.of(1L)),
        unary(13, "ReduceMean", "axes", List.of(2L, 3L)),
        unary(12, "Softmax"),
        Arguments.of(
            "Resize",
            10,
            pictures()
                .constant("s", Tensor.of(new float[] {1, 1, 0.5f, 0.75f}, 4))
                .op("y", "Resize", List.of("x", "s"), "mode", "nearest")),
        Arguments.of(
            "GridSample",
            16,
            pictures()
                .constant("g", Net.data(2, 3, 5, 5, 2))
                .op("y", "GridSample", List.of("x", "g"), "mode", "bilinear")),
        Arguments.of(
            "GroupNormalization",
            18,
            pictures()
                .random("gamma", 2)
                .random("beta", 2)
                .op("y", "GroupNormalization", List.of("x", "gamma", "beta"), "num_groups", 2L)));
  }

  private static Simulation quantized(long opset, Net net) {
    Graph open =
        net.unchecked("y").toBuilder().info(new ModelInfo(opset, 4, "", "", Map.of())).build();
    GraphBuilder shaped = new GraphBuilder("old").info(open.info());
    open.inputs().forEach(shaped::input);
    open.initializers().forEach(shaped::initializer);
    shaped.output(new ValueInfo("y", DataType.FLOAT, ShapeInference.facts(open).shapes().get("y")));
    QuantizerSpec spec = QuantizerSpec.perTensor(16, QuantScheme.MIN_MAX, Symmetry.ASYMMETRIC);
    QuantizerPlacement placement = new QuantizerPlacement(Kind.ACTIVATION, "input", true, "test");
    List<Node> nodes = new ArrayList<>();
    nodes.add(new QuantizerNode("x", "x", "x", "x_qdq", spec, placement));
    for (OperatorNode node : open.operators()) {
      nodes.add(
          node.withInputs(node.inputs().stream().map(t -> t.equals("x") ? "x_qdq" : t).toList()));
    }
    Encoding grid = Encoding.of(1e-4, -30_000, 65_535, 16, false);
    return new Simulation(shaped.nodes(nodes).build(), Map.of("x", TensorEncoding.perTensor(grid)));
  }

  @ParameterizedTest(name = "{0} of opset {1}")
  @MethodSource("networks")
  void compute_what_the_simulation_does(String name, long opset, Net net) {
    Simulation simulation = quantized(opset, net);
    Path file = dir.resolve("old_qdq.onnx");

    Graph qdq = QdqGraph.of(simulation);
    OnnxWriter.write(qdq, file);

    assertThat(qdq.info().opset()).isEqualTo(21);
    Tensor expected = Runner.run(simulation, INPUT).get("y");
    Tensor found = UnfusedRuntime.run(file, INPUT).get("y");
    assertThat(found.sizes()).isEqualTo(expected.sizes());
    // Sums of a few dozen numbers of about 1, in another order.
    assertThat(found.floats()).containsExactly(expected.floats(), Offset.offset(2e-5f));
  }
}
