package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.Network;
import io.qalibre.Qalibre;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizedNetwork;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import io.qalibre.view.Charts;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** AdaRound on small networks with random weights. */
class AdaRounding_round_Test {
  private static final Labelled SAMPLES = Labelled.of(pictures(11, 96)).batch(24);
  private static final Map<String, Tensor> UNSEEN = Map.of("x", pictures(12, 32));
  private static final Network NET = RoundedLayers.network();
  private static final AdaRound FEW = AdaRound.iterations(150).batch(16).learningRate(0.03);

  /** Mixtures of five patterns: for values that have nothing in common the nearest code is best. */
  private static Tensor pictures(long seed, int count) {
    int size = 4 * 6 * 6;
    float[] patterns = Net.data(3, 5, size).floats();
    float[] shares = Net.data(seed, count, 5).floats();
    float[] values = new float[count * size];
    for (int i = 0; i < values.length; i++) {
      for (int p = 0; p < 5; p++) {
        values[i] += shares[i / size * 5 + p] * patterns[p * size + i % size] / 2;
      }
    }
    return Tensor.of(values, count, 4, 6, 6);
  }

  private static QuantConfig bits(int bits) {
    return QuantConfig.perChannel().withWeightBits(bits).withActivationBits(16);
  }

  private static QuantizedNetwork quantized(QuantConfig config) {
    return NET.simulate(config).computeEncodings(SAMPLES);
  }

  private static double noise(QuantizedNetwork network) {
    double sqnr = Golden.sqnr(NET.run(UNSEEN).get("y"), network.run(UNSEEN).get("y"));
    return Math.pow(10, -sqnr / 10);
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 4})
  void it_regains_most_of_what_nearest_rounding_lost(int bits) {
    QuantizedNetwork nearest = quantized(bits(bits));

    QuantizedNetwork chosen =
        nearest.adaRound(SAMPLES, AdaRound.iterations(600).learningRate(0.01));

    assertThat(noise(chosen)).isLessThan(0.5 * noise(nearest));
    for (RoundingReport.Layer layer : chosen.rounding().layers().subList(1, 4)) {
      assertThat(layer.gain().after()).as(layer.node()).isLessThan(layer.gain().before());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2, channel",
    "3, channel",
    "4, channel",
    "5, channel",
    "6, channel",
    "7, channel",
    "8, channel",
    "4, tensor",
    "8, tensor",
    "4, block",
    "4, lpbq"
  })
  void weights_lie_on_the_grid_beside_where_they_were(int bits, String granularity) {
    QuantConfig config =
        switch (granularity) {
          case "tensor" -> QuantConfig.perTensor().withWeightBits(bits);
          case "block" -> bits(8).withBlockwise("y.weight", bits, 48);
          case "lpbq" -> bits(8).withLpbq("y.weight", bits, 8, 48);
          default -> bits(bits);
        };
    QuantizedNetwork nearest = quantized(config);

    QuantizedNetwork chosen = nearest.adaRound(SAMPLES, FEW);

    assertThat(chosen.simulation().encodings()).isEqualTo(nearest.simulation().encodings());
    double changed = 0;
    for (QuantizerNode node : weights(chosen.simulation())) {
      TensorEncoding encoding = chosen.simulation().encoding(node.id());
      Tensor before = nearest.simulation().graph().initializer(node.input());
      Tensor after = chosen.simulation().graph().initializer(node.input());
      assertBeside(before, after, encoding);
      changed += new WeightCodes(before, encoding).changed(after);
    }
    assertThat(changed).isPositive();
  }

  private static List<QuantizerNode> weights(Simulation simulation) {
    return simulation.graph().quantizers().stream()
        .filter(q -> q.enabled() && q.tensor().endsWith(".weight"))
        .toList();
  }

  private static void assertBeside(Tensor before, Tensor after, TensorEncoding encoding) {
    float[] from = before.floats();
    float[] to = after.floats();
    for (int i = 0; i < from.length; i++) {
      Encoding grid = encoding.grids().get(encoding.granularity().grid(i, before.sizes()));
      long code = grid.quantize(to[i]);
      assertThat(to[i]).isEqualTo(grid.dequantize(code));
      double place =
          Math.max(0, Math.min(grid.steps(), from[i] / (float) grid.scale() - grid.offset()));
      assertThat((double) code).isBetween(place - 1, place + 1);
    }
  }

  @Test
  void the_report_has_a_row_a_layer() {
    QuantizedNetwork nearest = quantized(bits(4));

    RoundingReport report = nearest.adaRound(SAMPLES, FEW).rounding();

    assertThat(report.interrupted()).isFalse();
    assertThat(report.table().columnNames())
        .containsExactly(
            "layer",
            "weight",
            "shape",
            "loss before",
            "loss after",
            "codes changed %",
            "seconds",
            "note");
    assertThat(report.table().stringColumn("layer").asList())
        .containsExactly("c1", "c2", "c3", "y");
    assertThat(report.table().stringColumn("shape").get(1)).isEqualTo("8×1×3×3");
    assertThat(report.layers())
        .allSatisfy(
            layer -> {
              assertThat(layer.note()).isEmpty();
              assertThat(layer.gain().before()).isPositive();
              assertThat(layer.gain().seconds()).isPositive();
            });
    assertThat(Charts.describe(report.chart())).contains("loss left, % of nearest rounding");
    assertThat(report.summary()).startsWith("4 of 4 layers, on average ");
    assertThatThrownBy(nearest::rounding)
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "this network does not come from adaRound(…): its steps are [computeEncodings]");
  }

  @Test
  void a_layer_stays_at_the_nearest_codes_where_nothing_better_is_found() {
    QuantizedNetwork nearest = quantized(bits(8));

    QuantizedNetwork chosen =
        nearest.adaRound(SAMPLES, AdaRound.iterations(5).learningRate(1).regularization(10));

    List<RoundingReport.Layer> left =
        chosen.rounding().layers().stream().filter(l -> !l.note().isEmpty()).toList();
    assertThat(left)
        .isNotEmpty()
        .allSatisfy(
            layer -> {
              assertThat(layer.note())
                  .isEqualTo("left at the nearest codes: nothing better was found");
              assertThat(layer.gain().after()).isEqualTo(layer.gain().before());
              assertThat(layer.gain().changed()).isZero();
            });
    assertThat(chosen.rounding().layers())
        .allSatisfy(
            layer -> assertThat(layer.gain().after()).isLessThanOrEqualTo(layer.gain().before()));
  }

  @Test
  void the_same_seed_gives_the_same_bits_and_another_seed_others() {
    QuantizedNetwork nearest = quantized(bits(4));

    Graph first = nearest.adaRound(SAMPLES, FEW).simulation().graph();
    Graph second = nearest.adaRound(SAMPLES, FEW).simulation().graph();
    Graph other = nearest.adaRound(SAMPLES, FEW.seed(2)).simulation().graph();

    assertThat(second.initializers()).isEqualTo(first.initializers());
    assertThat(other.initializers()).isNotEqualTo(first.initializers());
  }

  @Test
  void with_little_memory_it_works_on_pools_of_samples() {
    QuantizedNetwork nearest = quantized(bits(4));

    QuantizedNetwork chosen =
        nearest.adaRound(SAMPLES, AdaRound.iterations(600).learningRate(0.01).memory(200_000));

    assertThat(noise(chosen)).isLessThan(0.7 * noise(nearest));
  }

  @Test
  void interrupted_it_keeps_the_layers_that_are_done() {
    QuantizedNetwork nearest = quantized(bits(4));
    int[] passes = {0};
    // Without memory each layer reads the samples five times, after one pass that counts them.
    Labelled interrupting =
        SAMPLES.before(
            batch -> {
              passes[0] += batch == 0 ? 1 : 0;
              if (passes[0] == 13) {
                Thread.currentThread().interrupt();
              }
            });

    QuantizedNetwork stopped = nearest.adaRound(interrupting, FEW.memory(1));

    RoundingReport report = stopped.rounding();
    assertThat(report.interrupted()).isTrue();
    assertThat(report.layers()).hasSize(2);
    assertThat(report.of()).isEqualTo(4);
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    Map<String, Tensor> before = nearest.simulation().graph().initializers();
    Map<String, Tensor> after = new TreeMap<>(stopped.simulation().graph().initializers());
    assertThat(after.get("y.weight")).isEqualTo(before.get("y.weight"));
    assertThat(after.get("c1.weight")).isNotEqualTo(before.get("c1.weight"));
    assertThat(stopped.steps().stringColumn("result").asList().toString())
        .contains(", interrupted");
  }

  @Test
  void what_is_missing_is_said_before_the_work_begins() {
    assertThatThrownBy(
            () -> quantized(QuantConfig.perChannel().disable("*.weight")).adaRound(SAMPLES, FEW))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "adaRound: `net` has no Conv, ConvTranspose, Gemm or MatMul whose weight is quantized"
                + " to a grid");
    assertThatThrownBy(() -> quantized(bits(32)).adaRound(SAMPLES, FEW))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "adaRound: weight `c1.weight` has 32 bits, where rounding makes no difference; expected"
                + " 2 to 16");
    assertThatThrownBy(() -> quantized(bits(4)).adaRound(Labelled.of(Net.data(1, 0, 4, 6, 6)), FEW))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("the dataset is empty; expected at least one sample");
    Simulation simulation = quantized(bits(4)).simulation();
    Simulation bare = new Simulation(simulation.graph(), Map.of());
    assertThatThrownBy(() -> AdaRounding.round(bare, NET.graph(), SAMPLES, FEW))
        .isInstanceOf(QalibreException.class)
        .hasMessage("adaRound: weight `c1.weight` has no encoding; compute encodings first");
  }

  @Test
  void options_are_checked() {
    assertThatThrownBy(() -> AdaRound.iterations(0))
        .isInstanceOf(QalibreException.class)
        .hasMessageStartingWith(
            "AdaRound takes iterations, batch and memory of at least 1, found 0");
    assertThatThrownBy(() -> FEW.learningRate(0)).isInstanceOf(QalibreException.class);
    assertThatThrownBy(() -> FEW.warmStart(1)).isInstanceOf(QalibreException.class);
    assertThatThrownBy(() -> FEW.regularization(-1)).isInstanceOf(QalibreException.class);
    assertThatThrownBy(() -> FEW.beta(2, 20)).isInstanceOf(QalibreException.class);
    assertThat(AdaRound.iterations(10_000).recipe())
        .isEqualTo(new AdaRound.Recipe(1e-3, 0.01, 0.2, 20, 2));
    assertThat(AdaRound.iterations(4000).recipe().learningRate()).isEqualTo(2.5e-3);
    assertThat(AdaRound.iterations(5).recipe().learningRate()).isEqualTo(1e-2);
    assertThat(AdaRound.iterations(5).place().memory()).isGreaterThanOrEqualTo(1L << 30);
  }

  @Test
  void a_layer_of_an_unknown_form_stays_and_is_named() {
    Network net =
        Qalibre.of(
            Net.input(4, 6, 6)
                .random("u.weight", 4, 3, 3, 3)
                .op("u", "ConvTranspose", List.of("x", "u.weight"), "pads", List.of(1L, 0L, 0L, 0L))
                .conv("y", "u", 2, 3, 1, 1)
                .build("y"));
    QuantizedNetwork nearest = net.simulate(bits(4)).computeEncodings(SAMPLES);

    QuantizedNetwork chosen = nearest.adaRound(SAMPLES, FEW);

    assertThat(chosen.rounding().table().stringColumn("note").asList())
        .first()
        .isEqualTo("left at the nearest codes: its padding is uneven");
    assertThat(chosen.simulation().graph().initializer("u.weight"))
        .isEqualTo(nearest.simulation().graph().initializer("u.weight"));
  }
}
