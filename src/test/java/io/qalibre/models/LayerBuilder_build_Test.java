package io.qalibre.models;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.engine.Runner;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What holds of every network that is built. */
class LayerBuilder_build_Test {
  @SuppressWarnings("ImmutableEnumChecker") // method references hold nothing
  private enum Built {
    MOBILENET_V2(seed -> MobileNetV2.graph(32, 10, seed), 3, 32),
    RESNET50(seed -> ResNet50.graph(32, 10, seed), 3, 32),
    MNIST(MnistNet::graph, 1, 28);

    private final LongFunction<Graph> builder;
    private final int channels;
    private final int size;

    Built(LongFunction<Graph> builder, int channels, int size) {
      this.builder = builder;
      this.channels = channels;
      this.size = size;
    }
  }

  @ParameterizedTest
  @EnumSource
  void gives_finite_numbers_for_any_batch_size(Built built) {
    Simulation net = Simulation.of(built.builder.apply(1));

    for (int batch : List.of(1, 3)) {
      Tensor output =
          Runner.run(
                  net, Map.of("input", Net.data(5, batch, built.channels, built.size, built.size)))
              .get("output");

      assertThat(output.sizes()).containsExactly(batch, 10);
      for (float logit : output.floats()) {
        assertThat(logit).isFinite().isNotZero();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void survives_being_written_as_onnx(Built built) {
    Graph graph = built.builder.apply(1);

    Geometry.assertEqual(OnnxReader.read("net", OnnxWriter.toBytes(graph)), graph);
  }

  @ParameterizedTest
  @EnumSource
  void is_the_same_for_the_same_seed(Built built) {
    Geometry.assertEqual(built.builder.apply(7), built.builder.apply(7));
  }

  @ParameterizedTest
  @EnumSource
  void has_other_weights_for_another_seed(Built built) {
    Graph one = built.builder.apply(1);
    Graph other = built.builder.apply(2);

    assertThat(other.nodes()).isEqualTo(one.nodes());
    assertThat(one.initializers())
        .allSatisfy(
            (tensor, value) -> {
              boolean drawn = value.rank() > 1 || tensor.matches("(fc|linear1)\\.bias");
              if (drawn) {
                assertThat(other.initializer(tensor)).isNotEqualTo(value);
              } else {
                assertThat(other.initializer(tensor)).isEqualTo(value);
              }
            });
  }

  @ParameterizedTest
  @EnumSource
  void names_each_tensor_after_its_node_and_the_last_one_output(Built built) {
    List<Node> nodes = built.builder.apply(1).nodes();
    Node last = nodes.get(nodes.size() - 1);

    assertThat(nodes.subList(0, nodes.size() - 1))
        .allSatisfy(n -> assertThat(n.outputs()).containsExactly(n.name()));
    assertThat(last.outputs()).containsExactly("output");
  }
}
