package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.analysis.Measure;
import io.qalibre.analysis.Sensitivity;
import io.qalibre.data.Samples;
import io.qalibre.engine.EngineArrays;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.ptq.AdaRound;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

class QuantizedNetwork_sensitivity_Test {
  private static final Tensor INPUT = Net.data(4, 24, 3, 6, 6);
  private static final long[] CLASSES = new long[24];
  private static final Labelled DATA;
  private static final Network NET =
      Qalibre.of(
          Net.input(3, 6, 6)
              .conv("first", "x", 6, 3, 3, 3)
              .op("first_relu", "Relu", List.of("first"))
              .conv("second", "first_relu", 6, 6, 3, 3)
              .op("second_relu", "Relu", List.of("second"))
              .op("sum", "Add", List.of("first_relu", "second_relu"))
              .op("pool", "GlobalAveragePool", List.of("sum"))
              .op("flat", "Flatten", List.of("pool"))
              .linear("last", "flat", 4, 6)
              .build("last"));

  /** Three bits for one layer: it is the worst. */
  private static final QuantConfig CONFIG = QuantConfig.int8().withBits("second.weight", 3);

  private static final QuantizedNetwork QUANTIZED;

  static {
    // The labels are what the float network says, but for every sixth.
    float[] logits = NET.run(Map.of("x", INPUT)).get("last").floats();
    for (int i = 0; i < CLASSES.length; i++) {
      for (int c = 1; c < 4; c++) {
        CLASSES[i] = logits[4 * i + c] > logits[4 * i + (int) CLASSES[i]] ? c : CLASSES[i];
      }
      CLASSES[i] = i % 6 == 5 ? (CLASSES[i] + 1) % 4 : CLASSES[i];
    }
    DATA = Labelled.of(INPUT, CLASSES).batch(8);
    QUANTIZED = NET.simulate(CONFIG).computeEncodings(DATA);
  }

  private static double sqnr(Evaluable network) {
    Map<String, Tensor> input = Map.of("x", INPUT);
    return Golden.sqnr(NET.run(input).get("last"), network.run(input).get("last"));
  }

  @Test
  void the_worst_layer_is_confirmed_by_disabling_it() {
    Sensitivity sensitivity = QUANTIZED.sensitivity(DATA);

    Sensitivity.Layer worst = sensitivity.worst();
    assertThat(worst.name()).isEqualTo("second");
    assertThat(worst.tensors()).containsExactly("second.weight", "second_relu");
    double all = sqnr(QUANTIZED);
    double without =
        sqnr(
            NET.simulate(CONFIG.disable("second.weight").disable("second_relu"))
                .computeEncodings(QUANTIZED.calibration()));
    assertThat(without).isGreaterThan(all + 10);
    assertThat(worst.off().get(0)).isCloseTo(without, within(0.3));
    assertThat(sensitivity.networks().quantized().get(0)).isCloseTo(all, within(0.01));
    assertThat(sensitivity.layers())
        .filteredOn(layer -> layer != worst)
        .allMatch(layer -> layer.off().get(0) < worst.off().get(0) - 5)
        .allMatch(layer -> layer.on().get(0) > worst.on().get(0) + 5);
  }

  @Test
  void layers_hold_their_weights_their_outputs_behind_the_activation_and_the_input() {
    Sensitivity sensitivity = QUANTIZED.sensitivity(DATA);

    assertThat(sensitivity.layers())
        .extracting(Sensitivity.Layer::name)
        .containsExactly("first", "second", "sum", "pool", "last");
    assertThat(sensitivity.layer("first").tensors())
        .containsExactly("first.weight", "x", "first_relu");
    assertThat(sensitivity.layer("sum").tensors()).containsExactly("sum");
    assertThat(sensitivity.layer("last").tensors()).containsExactly("last.weight", "last");
    assertThatThrownBy(() -> sensitivity.layer("secnod"))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageContaining("no quantized layer `secnod` in net; did you mean `second`?");
  }

  @Test
  void a_layer_alone_is_what_a_config_that_disables_all_others_gives() {
    Sensitivity sensitivity = QUANTIZED.sensitivity(DATA);

    QuantConfig alone = CONFIG;
    for (Sensitivity.Layer layer : sensitivity.layers()) {
      for (String tensor : layer.tensors()) {
        alone = layer.name().equals("first") ? alone : alone.disable(tensor);
      }
    }
    QuantizedNetwork first = NET.simulate(alone).computeEncodings(QUANTIZED.calibration());
    assertThat(sensitivity.layer("first").on().get(0)).isCloseTo(sqnr(first), within(0.3));
    QuantizedNetwork weights =
        NET.simulate(CONFIG.disable("activation")).computeEncodings(QUANTIZED.calibration());
    assertThat(sensitivity.networks().weights().get(0)).isCloseTo(sqnr(weights), within(0.3));
    QuantizedNetwork activations =
        NET.simulate(CONFIG.disable("weight")).computeEncodings(QUANTIZED.calibration());
    assertThat(sensitivity.networks().activations().get(0))
        .isCloseTo(sqnr(activations), within(0.3));
    assertThat(sensitivity.networks().floats().get(0)).isInfinite();
  }

  @Test
  void with_labels_accuracy_stands_beside() {
    Sensitivity sensitivity = QUANTIZED.sensitivity(DATA);

    assertThat(sensitivity.measures()).containsExactly(Measure.SQNR, Measure.TOP1);
    assertThat(sensitivity.networks().floats().get(1)).isCloseTo(100.0 * 20 / 24, within(1e-9));
    assertThat(sensitivity.networks().quantized().get(1))
        .isCloseTo(QUANTIZED.evaluate(DATA).top1(), within(1e-9));
    Table table = sensitivity.table();
    assertThat(table.columnNames())
        .containsExactly(
            "layer",
            "operator",
            "quantizers",
            "SQNR only it, dB",
            "SQNR all but it, dB",
            "top-1 only it, %",
            "top-1 all but it, %");
    assertThat(table.stringColumn("layer").get(0)).isEqualTo("second");
    assertThat(table.name()).startsWith("Sensitivity of net, worst layer first (24 samples; ");
    assertThat(sensitivity.wholes().stringColumn("quantized").asList())
        .containsExactly("nothing", "weights only", "activations only", "both");
    assertThat(sensitivity.chart().getTitle()).isEqualTo("Sensitivity of net, all of 5 layers");
    assertThat(sensitivity.along().getSeriesCollection()).hasSize(3);
    assertThat(sensitivity).asString().contains("worst layer second");
  }

  @Test
  void without_labels_there_is_no_accuracy() {
    Samples samples = Samples.of(List.of(Map.of("x", INPUT)));

    assertThat(QUANTIZED.sensitivity(samples).measures()).containsExactly(Measure.SQNR);
    assertThatThrownBy(() -> QUANTIZED.sensitivity(samples, Measure.TOP1))
        .isInstanceOf(QalibreException.class)
        .hasMessage("accuracy needs labels, and the dataset has none");
  }

  @Test
  void other_measures_order_layers() {
    Measure mean =
        Measure.of(
            "mean logit",
            (outputs, labels) -> {
              float[] logits = outputs.get("last").floats();
              double[] means = new double[logits.length / 4];
              Arrays.setAll(
                  means, i -> (logits[4 * i] + logits[4 * i + 1] + logits[4 * i + 2]) / 3);
              return means;
            });

    Sensitivity sensitivity = QUANTIZED.sensitivity(DATA, Measure.KL, mean);

    assertThat(sensitivity.worst().name()).isEqualTo("second");
    assertThat(sensitivity.networks().floats().get(0)).isZero();
    assertThat(sensitivity.networks().quantized().get(0)).isCloseTo(divergence(), within(1e-6));
    assertThat(sensitivity.table().columnNames())
        .contains("KL only it, nats", "mean logit only it");
    assertThatThrownBy(
            () -> QUANTIZED.sensitivity(DATA, Measure.of("bad", (o, l) -> new double[1])))
        .isInstanceOf(QalibreException.class)
        .hasMessage("metric `bad` gave 1 numbers for a batch of 8 samples");
    assertThatThrownBy(
            () ->
                QUANTIZED.sensitivity(
                    DATA,
                    Measure.of(
                        "nan",
                        (o, l) -> {
                          double[] scores = new double[8];
                          scores[3] = Double.NaN;
                          return scores;
                        })))
        .isInstanceOf(QalibreException.class)
        .hasMessage("metric `nan` gave NaN");
  }

  /** The divergence by its definition. */
  private static double divergence() {
    float[] p = NET.run(Map.of("x", INPUT)).get("last").floats();
    float[] q = QUANTIZED.run(Map.of("x", INPUT)).get("last").floats();
    double sum = 0;
    for (int i = 0; i < 24; i++) {
      double zp = 0;
      double zq = 0;
      for (int c = 0; c < 4; c++) {
        zp += Math.exp(p[4 * i + c]);
        zq += Math.exp(q[4 * i + c]);
      }
      for (int c = 0; c < 4; c++) {
        double share = Math.exp(p[4 * i + c]) / zp;
        sum += share * Math.log(share / (Math.exp(q[4 * i + c]) / zq));
      }
    }
    return sum / 24;
  }

  /** What AdaRound did to a layer's weight is part of quantizing it. */
  @Test
  void rounded_weights_are_off_with_their_layer() {
    QuantizedNetwork rounded = QUANTIZED.adaRound(DATA, AdaRound.iterations(50));

    Sensitivity sensitivity = rounded.sensitivity(DATA);

    assertThat(sensitivity.worst().name()).isEqualTo("second");
    assertThat(sensitivity.layer("last").on().get(0)).isGreaterThan(sqnr(rounded) + 5);
    assertThat(sensitivity.networks().floats().get(0)).isInfinite();
    assertThat(sensitivity.networks().quantized().get(0)).isCloseTo(sqnr(rounded), within(0.01));
  }

  @Test
  void interrupted_it_gives_what_the_batches_that_are_done_say() {
    Labelled interrupting =
        DATA.before(
            i -> {
              if (i == 2) {
                Thread.currentThread().interrupt();
              }
            });

    Sensitivity sensitivity = QUANTIZED.sensitivity(interrupting);

    assertThat(sensitivity.run().interrupted()).isTrue();
    assertThat(sensitivity.run().samples()).isEqualTo(16);
    assertThat(sensitivity.worst().name()).isEqualTo("second");
    assertThat(sensitivity.table().name()).contains("(16 samples, interrupted; ");
    Labelled atOnce = DATA.before(i -> Thread.currentThread().interrupt());
    assertThatThrownBy(() -> QUANTIZED.sensitivity(atOnce))
        .isInstanceOf(InterruptedWorkException.class)
        .hasMessage("interrupted: sensitivity stopped after 0 samples");
  }

  @Test
  void a_network_without_quantizers_and_samples_that_are_missing_are_errors() {
    QuantizedNetwork none =
        NET.simulate(CONFIG.disable("weight").disable("activation")).computeEncodings(DATA);
    assertThatThrownBy(() -> none.sensitivity(DATA))
        .isInstanceOf(QalibreException.class)
        .hasMessage("sensitivity: `net` has no enabled quantizer whose output is read");
    assertThatThrownBy(() -> QUANTIZED.sensitivity(Labelled.of(Net.data(1, 0, 3, 6, 6))))
        .isInstanceOf(QalibreException.class)
        .hasMessage("sensitivity: the dataset is empty; expected at least one sample");
  }

  @Test
  void it_changes_nothing_and_leaves_no_array() {
    Graph before = QUANTIZED.simulation().graph();
    EngineArrays.assertLeavesNothing(() -> QUANTIZED.sensitivity(DATA));
    assertThat(QUANTIZED.simulation().graph()).isSameAs(before);
    assertThat(QUANTIZED.sensitivity(DATA)).isEqualTo(QUANTIZED.sensitivity(DATA));
  }
}
