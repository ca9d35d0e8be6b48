package io.qalibre.config;

import static io.qalibre.config.SmallGraphs.quantizer;
import static io.qalibre.config.SmallGraphs.start;
import static io.qalibre.config.SmallGraphs.value;
import static io.qalibre.config.SmallGraphs.weights;
import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.QuantizerSpec;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Placement_blocks_Test {
  @ParameterizedTest
  @CsvSource({
    "Conv, 0, 6x4x1x1, 0, 1",
    "ConvTranspose, 0, 4x6x1x1, 1, 0",
    "Gemm, 1, 6x4, 0, 1",
    "Gemm, 0, 4x6, 1, 0",
    "MatMul, 0, 4x6, 1, 0",
    "MatMul, 0, 2x4x6, 2, 1"
  })
  void each_operator_has_its_axes(
      String type, long transposed, String sizes, int axis, int blockAxis) {
    long[] shape = java.util.Arrays.stream(sizes.split("x")).mapToLong(Long::parseLong).toArray();
    Graph graph =
        start("layer")
            .output(value("layer", Dim.symbolic("N"), Dim.of(6)))
            .initializer("w", weights(shape))
            .node(
                new OperatorNode(
                    "layer",
                    type,
                    List.of("input", "w"),
                    List.of("layer"),
                    new Attributes(Map.of("transB", transposed))))
            .build();

    QuantizerSpec spec =
        quantizer(
                Placement.place(
                    graph,
                    RuntimeConfig.builtIn("per_tensor"),
                    PlacementOptions.DEFAULT.with(new QuantizerEdit.Blocks("layer", 4, 2, 0))),
                "w")
            .spec();

    assertThat(spec.granularity()).isEqualTo(new Granularity.PerBlock(axis, blockAxis, 2, 0));
    assertThat(spec.granularity().count(shape))
        .isEqualTo((int) (shape[axis] * shape[blockAxis] / 2));
    assertThat(spec.bitwidth()).isEqualTo(4);
    assertThat(spec.symmetry().symmetric()).isTrue();
  }
}
