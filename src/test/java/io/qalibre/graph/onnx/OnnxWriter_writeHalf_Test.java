package io.qalibre.graph.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxWriter_writeHalf_Test {
  private static final TensorShape SHAPE = TensorShape.of(Dim.symbolic("N"), Dim.of(2));

  @TempDir private Path folder;

  private static GraphBuilder linear(Tensor weight) {
    return new GraphBuilder("g")
        .input(new ValueInfo("x", DataType.FLOAT, SHAPE))
        .output(new ValueInfo("y", DataType.FLOAT, SHAPE))
        .initializer("w", weight)
        .initializer("b", Tensor.of(new float[] {0.1f, 0.2f}, 2))
        .node(new OperatorNode("n", "Gemm", List.of("x", "w", "b"), List.of("y"), Attributes.NONE));
  }

  private static Tensor weight(float first) {
    return Tensor.of(new float[] {first, -0.1f, 3e-6f, 0}, 2, 2);
  }

  private Graph written(Graph graph) {
    Path file = folder.resolve("g.onnx");
    OnnxWriter.write(graph, file, WeightStorage.FLOAT16);
    return OnnxReader.read(file);
  }

  @Test
  void reading_gives_the_same_graph_with_rounded_matrices() {
    Graph graph = linear(weight(0.1f)).build();

    Graph read = written(graph);

    assertThat(read.nodes()).isEqualTo(graph.nodes());
    assertThat(read.inputs()).isEqualTo(graph.inputs());
    assertThat(read.outputs()).isEqualTo(graph.outputs());
    assertThat(read.initializers()).containsOnlyKeys("w", "b");
    assertThat(read.initializer("b")).isEqualTo(graph.initializer("b"));
    // Steps of 2^-14 at 0.1, and of 2^-24 at 3e-6, which is subnormal.
    assertThat(read.initializer("w").floats())
        .usingComparatorWithPrecision(0f)
        .containsExactly(1638 * 0x1p-14f, -1638 * 0x1p-14f, 50 * 0x1p-24f, 0);
    assertThat(written(read).initializers()).isEqualTo(read.initializers());
  }

  @Test
  void the_file_holds_half_the_bytes_and_a_cast() throws Exception {
    written(linear(weight(0.1f)).build());

    ModelProto model = ModelProto.parseFrom(Files.readAllBytes(folder.resolve("g.onnx")));
    TensorProto half = model.getGraph().getInitializer(0);
    NodeProto cast = model.getGraph().getNode(0);

    assertThat(half.getName()).isEqualTo("w_f16");
    assertThat(half.getDataType()).isEqualTo(TensorProto.DataType.FLOAT16_VALUE);
    assertThat(half.getRawData().size()).isEqualTo(8);
    assertThat(cast.getOpType()).isEqualTo("Cast");
    assertThat(cast.getInputList()).containsExactly("w_f16");
    assertThat(cast.getOutputList()).containsExactly("w");
  }

  @Test
  void weights_that_halves_cannot_hold_stay_as_they_are() {
    for (float large : new float[] {65505, Float.POSITIVE_INFINITY, Float.NaN}) {
      Graph graph = linear(weight(large)).build();
      assertThat(written(graph).initializers()).isEqualTo(graph.initializers());
    }
    assertThat(written(linear(weight(65504)).build()).initializer("w").floats()[0])
        .isEqualTo(65504);
  }

  @Test
  void names_that_the_graph_has_are_not_taken_twice() {
    Graph graph =
        linear(weight(0.1f)).initializer("w_f16", Tensor.of(new float[] {1}, 1, 1)).build();

    Graph read = written(graph);

    assertThat(read.initializers()).containsOnlyKeys("w", "b", "w_f16");
    assertThat(read.initializer("w")).isEqualTo(graph.initializer("w"));
  }
}
