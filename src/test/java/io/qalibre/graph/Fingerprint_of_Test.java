package io.qalibre.graph;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class Fingerprint_of_Test {
  private static final Graph NET =
      Net.input(2).linear("a", "x", 3, 2).op("y", "Relu", List.of("a")).build("y");

  private static String print(Graph graph) {
    return Fingerprint.of(Simulation.of(graph));
  }

  private static Simulation encoded(double scale) {
    Encoding grid = new Encoding(-8 * scale, 7 * scale, scale, -8, 4, true);
    return new Simulation(NET, Map.of("a.weight", TensorEncoding.perTensor(grid)));
  }

  @Test
  void the_same_content_has_the_same_fingerprint() {
    Tensor weight = NET.initializer("a.weight");
    Graph copy = NET.withInitializers(Map.of("a.weight", Tensor.of(weight.floats(), 3, 2)));

    assertThat(print(copy)).isEqualTo(print(NET)).matches("[0-9a-f]{16}");
    assertThat(Fingerprint.of(encoded(0.5))).isEqualTo(Fingerprint.of(encoded(0.5)));
  }

  @Test
  void a_bit_a_shape_a_node_and_a_grid_make_another_one() {
    float[] values = NET.initializer("a.weight").floats();
    values[5] = Math.nextUp(values[5]);
    Graph bit = NET.withInitializers(Map.of("a.weight", Tensor.of(values, 3, 2)));
    Graph node = Net.input(2).linear("a", "x", 3, 2).op("y", "Sigmoid", List.of("a")).build("y");

    assertThat(
            List.of(
                print(NET),
                print(bit),
                print(node),
                Fingerprint.of(encoded(0.5)),
                Fingerprint.of(encoded(0.25))))
        .doesNotHaveDuplicates();
    assertThat(Fingerprint.begin().add("ab").add("c").text())
        .isNotEqualTo(Fingerprint.begin().add("a").add("bc").text());
  }

  @Test
  void a_file_is_named_by_network_verb_and_kind() {
    assertThat(Fingerprint.fileName("torch/jit: net", "train", "a kind"))
        .matches("torch_jit_net-train-[0-9a-f]{16}\\.checkpoint")
        .isNotEqualTo(Fingerprint.fileName("torch/jit: net", "train", "another kind"));
  }
}
