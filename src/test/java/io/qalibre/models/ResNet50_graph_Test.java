package io.qalibre.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.engine.Runner;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Golden;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResNet50_graph_Test {
  private static Graph net;
  private static Graph large;

  @BeforeAll
  static void make() {
    net = ResNet50.graph(32, 10, 1);
    large = ResNet50.graph(224, 1000, 1);
  }

  @Test
  void has_as_many_parameters_as_torchvisions() {
    assertThat(Geometry.trainable(large)).isEqualTo(25_557_032);
    assertThat(Geometry.trainable(net)).isEqualTo(25_557_032 - 990 * 2049);
  }

  @Test
  void costs_what_torchvisions_does() {
    assertThat(Geometry.macs(large)).isEqualTo(4_089_184_256L);
  }

  @Test
  void has_the_operators_of_the_paper() {
    assertThat(Geometry.types(net))
        .isEqualTo(
            Map.of(
                "Add", 16L,
                "BatchNormalization", 53L,
                "Conv", 53L,
                "Flatten", 1L,
                "Gemm", 1L,
                "GlobalAveragePool", 1L,
                "MaxPool", 1L,
                "Relu", 49L));
  }

  @ParameterizedTest
  @CsvSource({
    "relu, N×64×16×16",
    "maxpool, N×64×8×8",
    "layer1.2.relu3, N×256×8×8",
    "layer2.0.conv1, N×128×8×8",
    "layer2.0.conv2, N×128×4×4",
    "layer2.3.relu3, N×512×4×4",
    "layer3.5.relu3, N×1024×2×2",
    "layer4.2.relu3, N×2048×1×1",
    "avgpool, N×2048×1×1",
    "fc, N×10"
  })
  void its_stages_have_these_shapes(String node, String shape) {
    assertThat(Geometry.shape(net, node)).isEqualTo(shape);
  }

  /** With the golden network's weights it is the golden network. */
  @Test
  void computes_what_torchvisions_does() {
    Graph golden =
        ResNet50.graph(64, 10, 1)
            .withInitializers(Golden.network("resnet50.onnx.gz").initializers());

    Map<String, Tensor> outputs =
        Runner.run(Simulation.of(golden), Map.of("input", Golden.pictures(4)));

    assertThat(Golden.sqnr(Golden.array("resnet50.fp32.out.npy"), outputs.get("output")))
        .isGreaterThan(80);
  }

  @Test
  void its_blocks_begin_as_their_shortcuts_where_that_is_asked_for() {
    Map<String, Tensor> start = ResNet50.zeroInitResidual(32, 10, 1).initializers();

    Set<String> zero = new TreeSet<>();
    start.forEach(
        (name, value) -> {
          if (!value.equals(net.initializer(name))) {
            assertThat(value.floats()).as(name).containsOnly(0);
            zero.add(name);
          }
        });
    assertThat(zero).hasSize(16).allMatch(name -> name.matches("layer\\d\\.\\d\\.bn3\\.weight"));
  }

  @Test
  void says_that_a_size_or_number_of_classes_makes_no_sense() {
    assertThatThrownBy(() -> ResNet50.graph(-1, 10, 1))
        .isInstanceOf(QalibreException.class)
        .hasMessage("size: expected 1 pixel or more, found -1");
    assertThatThrownBy(() -> ResNet50.graph(32, -10, 1))
        .isInstanceOf(QalibreException.class)
        .hasMessage("classes: expected 1 or more, found -10");
  }
}
