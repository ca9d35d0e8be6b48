package io.qalibre.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.engine.Runner;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Golden;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MobileNetV2_graph_Test {
  private static final Graph NET = MobileNetV2.graph(32, 10, 1);

  @Test
  void has_as_many_parameters_as_torchvisions() {
    assertThat(Geometry.trainable(NET)).isEqualTo(2_236_682);
    assertThat(Geometry.trainable(MobileNetV2.graph(32, 1000, 1))).isEqualTo(3_504_872);
  }

  /** With stride 1 in the stem, 112 pixels cost what 224 do in torchvision's. */
  @Test
  void costs_what_torchvisions_does() {
    assertThat(Geometry.macs(MobileNetV2.graph(112, 1000, 1))).isEqualTo(300_774_272);
  }

  @Test
  void has_the_operators_of_the_paper() {
    assertThat(Geometry.types(NET))
        .isEqualTo(
            Map.of(
                "Add", 10L,
                "BatchNormalization", 52L,
                "Clip", 35L,
                "Conv", 52L,
                "Flatten", 1L,
                "Gemm", 1L,
                "GlobalAveragePool", 1L));
  }

  @ParameterizedTest
  @CsvSource({
    "features.0.2, N×32×32×32",
    "features.1.conv.2, N×16×32×32",
    "features.3.add, N×24×16×16",
    "features.6.add, N×32×8×8",
    "features.10.add, N×64×4×4",
    "features.13.add, N×96×4×4",
    "features.16.add, N×160×2×2",
    "features.17.conv.3, N×320×2×2",
    "features.18.2, N×1280×2×2",
    "avgpool, N×1280×1×1",
    "classifier.1, N×10"
  })
  void its_stages_have_these_shapes(String node, String shape) {
    assertThat(Geometry.shape(NET, node)).isEqualTo(shape);
  }

  @Test
  void names_what_the_bounds_of_a_relu6_are() {
    assertThat(NET.initializer("features.0.2.min")).isEqualTo(Tensor.scalar(0));
    assertThat(NET.initializer("features.0.2.max")).isEqualTo(Tensor.scalar(6));
  }

  /** With the golden network's weights, and its stride in the stem, it is the golden network. */
  @Test
  void computes_what_torchvisions_does() {
    Map<String, Tensor> weights = new LinkedHashMap<>(NET.initializers());
    weights.putAll(
        Golden.network("mobilenet_v2.onnx").initializers().entrySet().stream()
            .filter(e -> !e.getKey().startsWith("/"))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
    Graph golden = MobileNetV2.graph(64, 10, 1).withInitializers(weights);
    List<OperatorNode> nodes =
        golden.operators().stream()
            .map(
                n ->
                    n.name().equals("features.0.0")
                        ? n.withAttributes(n.attributes().with("strides", List.of(2L, 2L)))
                        : n)
            .toList();

    Map<String, Tensor> outputs =
        Runner.run(
            Simulation.of(golden.toBuilder().nodes(nodes).build()),
            Map.of("input", Golden.pictures(8)));

    assertThat(Golden.sqnr(Golden.array("mobilenet_v2.fp32.out.npy"), outputs.get("output")))
        .isGreaterThan(80);
  }

  @Test
  void says_that_a_size_or_number_of_classes_makes_no_sense() {
    assertThatThrownBy(() -> MobileNetV2.graph(0, 10, 1))
        .isInstanceOf(QalibreException.class)
        .hasMessage("size: expected 1 pixel or more, found 0");
    assertThatThrownBy(() -> MobileNetV2.graph(32, 0, 1))
        .isInstanceOf(QalibreException.class)
        .hasMessage("classes: expected 1 or more, found 0");
  }
}
