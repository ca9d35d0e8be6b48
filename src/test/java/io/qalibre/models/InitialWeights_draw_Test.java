package io.qalibre.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class InitialWeights_draw_Test {
  private static Graph mobile;
  private static Graph resnet;

  @BeforeAll
  static void make() {
    mobile = MobileNetV2.graph(32, 10, 3);
    resnet = ResNet50.graph(32, 10, 3);
  }

  @Test
  void convolutions_are_kaiming_normal_by_fan_out() {
    assertConvolutions(mobile);
    assertConvolutions(resnet);
  }

  private static void assertConvolutions(Graph graph) {
    assertThat(graph.operators().stream().filter(n -> n.type().equals("Conv")))
        .allSatisfy(
            n -> {
              Tensor weight = graph.initializer(n.input(1));
              assertNormal(weight, Math.sqrt(2.0 / Geometry.fanOut(weight)));
            });
  }

  /** Mean and deviation of a sample lie within five of their own standard errors. */
  private static void assertNormal(Tensor tensor, double deviation) {
    double error = deviation / Math.sqrt(tensor.size());
    assertThat(Geometry.mean(tensor)).isCloseTo(0, within(5 * error));
    assertThat(Geometry.rootMeanSquare(tensor))
        .isCloseTo(deviation, within(5 * error / Math.sqrt(2)));
    // A normal sample of some size reaches beyond three deviations, a uniform one not beyond two.
    if (tensor.size() > 10_000) {
      assertThat(largest(tensor)).isBetween(3 * deviation, 7 * deviation);
    }
  }

  private static double largest(Tensor tensor) {
    double largest = 0;
    for (float value : tensor.floats()) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  @Test
  void a_depthwise_convolutions_fan_out_counts_all_channels() {
    Tensor weight = mobile.initializer("features.17.conv.1.0.weight");

    assertThat(weight.sizes()).containsExactly(960, 1, 3, 3);
    assertNormal(weight, Math.sqrt(2.0 / (960 * 9)));
  }

  @Test
  void the_last_layers_begin_as_torchvisions() {
    assertNormal(mobile.initializer("classifier.1.weight"), 0.01);
    assertThat(mobile.initializer("classifier.1.bias").floats()).containsOnly(0);

    Tensor weight = resnet.initializer("fc.weight");
    double bound = 1 / Math.sqrt(2048);
    assertThat(largest(weight)).isBetween(0.999 * bound, bound);
    assertThat(Geometry.rootMeanSquare(weight))
        .isCloseTo(bound / Math.sqrt(3), within(0.02 * bound));
    assertThat(largest(resnet.initializer("fc.bias"))).isBetween(0.5 * bound, bound);
  }

  @Test
  void batch_normalizations_change_nothing_yet() {
    for (OperatorNode norm :
        resnet.operators().stream().filter(n -> n.type().equals("BatchNormalization")).toList()) {
      assertThat(resnet.initializer(norm.input(1)).floats()).containsOnly(1);
      assertThat(resnet.initializer(norm.input(2)).floats()).containsOnly(0);
      assertThat(resnet.initializer(norm.input(3)).floats()).containsOnly(0);
      assertThat(resnet.initializer(norm.input(4)).floats()).containsOnly(1);
    }
  }

  @Test
  void a_tensors_numbers_do_not_depend_on_what_was_drawn_before() {
    InitialWeights forward = new InitialWeights(9);
    Tensor a = forward.kaiming("a", 4, 3, 3, 3);
    Tensor b = forward.uniform("b", 1, 10, 4);
    InitialWeights backward = new InitialWeights(9);

    assertThat(backward.uniform("b", 1, 10, 4)).isEqualTo(b);
    assertThat(backward.kaiming("a", 4, 3, 3, 3)).isEqualTo(a);
    assertThat(backward.kaiming("b", 4, 3, 3, 3)).isNotEqualTo(a);
  }

  @Test
  void size_and_classes_leave_the_weights_before_the_last_layer() {
    Map<String, Tensor> other = MobileNetV2.graph(64, 100, 3).initializers();

    assertThat(mobile.initializers())
        .allSatisfy(
            (tensor, value) -> {
              if (!tensor.startsWith("classifier")) {
                assertThat(other.get(tensor)).isEqualTo(value);
              }
            });
  }
}
