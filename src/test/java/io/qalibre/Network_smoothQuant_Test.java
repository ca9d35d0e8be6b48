package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.data.Samples;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.ptq.SmoothQuant;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Net;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class Network_smoothQuant_Test {
  private static final int CHANNELS = 32;

  /** A perceptron as in a transformer: normalization, two layers, and a residual, twice. */
  private static Net block(Net net, String name, String input) {
    return net.random(name + ".n.weight", CHANNELS)
        .random(name + ".n.bias", CHANNELS)
        .op(name + ".n", "LayerNormalization", List.of(input, name + ".n.weight", name + ".n.bias"))
        .random(name + ".up.weight", CHANNELS, 64)
        .op(name + ".up", "MatMul", List.of(name + ".n", name + ".up.weight"))
        .op(name + ".act", "Relu", List.of(name + ".up"))
        .random(name + ".down.weight", 64, CHANNELS)
        .op(name + ".down", "MatMul", List.of(name + ".act", name + ".down.weight"))
        .op(name, "Add", List.of(input, name + ".down"));
  }

  /**
   * With two channels behind each normalization that are 30 times as large and have weights a 30th
   * of the others', as trained transformers have them.
   */
  private static Network network() {
    Graph graph = block(block(Net.input(6, CHANNELS), "a", "x"), "b", "a").build("b");
    Map<String, Tensor> changed = new LinkedHashMap<>();
    for (String name : List.of("a", "b")) {
      float[] scale = graph.initializer(name + ".n.weight").floats();
      float[] shift = graph.initializer(name + ".n.bias").floats();
      float[] weight = graph.initializer(name + ".up.weight").floats();
      for (int hot : new int[] {3, 17}) {
        scale[hot] *= 30;
        shift[hot] *= 30;
        for (int i = hot * 64; i < (hot + 1) * 64; i++) {
          weight[i] /= 30;
        }
      }
      changed.put(name + ".n.weight", Tensor.of(scale, CHANNELS));
      changed.put(name + ".n.bias", Tensor.of(shift, CHANNELS));
      changed.put(name + ".up.weight", Tensor.of(weight, CHANNELS, 64));
    }
    return new Network(graph.withInitializers(changed), List.of());
  }

  private static final Samples SAMPLES =
      Samples.of(
          LongStream.range(0, 8)
              .mapToObj(seed -> Map.of("x", Net.data(seed, 16, 6, CHANNELS)))
              .toList());

  private static Tensor run(Evaluable network) {
    return network.run(Map.of("x", Net.data(99, 64, 6, CHANNELS))).get("b");
  }

  private static double quantized(Network network, QuantConfig config) {
    return Golden.sqnr(run(network()), run(network.simulate(config).computeEncodings(SAMPLES)));
  }

  @Test
  void eight_bits_hold_what_the_float_network_says() {
    Network smoothed = network().smoothQuant(SAMPLES);

    assertThat(Golden.sqnr(run(network()), run(smoothed))).isGreaterThan(100);
    assertThat(quantized(network(), QuantConfig.perTensor())).isLessThan(18);
    assertThat(quantized(smoothed, QuantConfig.perTensor())).isGreaterThan(29);
    assertThat(quantized(network(), QuantConfig.int8())).isLessThan(19);
    assertThat(quantized(smoothed, QuantConfig.int8())).isGreaterThan(31);
  }

  @Test
  void the_network_says_what_was_done() {
    Network smoothed = network().smoothQuant(SAMPLES, SmoothQuant.DEFAULT.withAlpha(0.6));

    assertThat(smoothed.history().stringColumn("verb").asList()).containsExactly("smoothQuant");
    assertThat(smoothed.history().stringColumn("result").get(0))
        .startsWith("2 of 2 normalizations, alpha 0.6; ");
    assertThat(smoothed.smoothing().table().stringColumn("layers").asList())
        .containsExactly("a.up", "b.up");
    assertThat(smoothed.smoothing().graph()).isSameAs(smoothed.graph());
  }

  @Test
  void a_network_that_was_not_smoothed_says_so() {
    Network net = network();

    assertThatThrownBy(net::smoothing)
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("smoothQuant(…)");
  }
}
