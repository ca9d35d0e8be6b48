package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.analysis.Budget;
import io.qalibre.analysis.Measure;
import io.qalibre.analysis.MixedPrecision;
import io.qalibre.analysis.Precision;
import io.qalibre.analysis.PrecisionFront;
import io.qalibre.data.Datasets;
import io.qalibre.data.ImageDataset;
import io.qalibre.data.ImageSplits;
import io.qalibre.data.Samples;
import io.qalibre.engine.EngineArrays;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Answers;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

class QuantizedNetwork_mixedPrecision_Test {
  private static final Tensor INPUT = Net.data(4, 24, 3, 6, 6);
  private static final Map<String, Tensor> BATCH = Map.of("x", INPUT);

  /** Two convolutions read one tensor and go together. */
  private static final Network NET =
      Qalibre.of(
          Net.input(3, 6, 6)
              .conv("first", "x", 8, 3, 3, 3)
              .op("relu", "Relu", List.of("first"))
              .conv("left", "relu", 8, 8, 3, 3)
              .conv("right", "relu", 8, 8, 1, 1)
              .op("sum", "Add", List.of("left", "right"))
              .conv("third", "sum", 4, 8, 3, 3)
              .op("pool", "GlobalAveragePool", List.of("third"))
              .op("flat", "Flatten", List.of("pool"))
              .linear("last", "flat", 4, 4)
              .build("last"));

  private static final Labelled DATA = Labelled.of(INPUT, new long[24]).batch(8);
  private static final QuantizedNetwork QUANTIZED =
      NET.simulate(QuantConfig.int8()).computeEncodings(DATA);

  private static double sqnr(Evaluable network) {
    return Golden.sqnr(NET.run(BATCH).get("last"), network.run(BATCH).get("last"));
  }

  private static int bits(QuantizedNetwork network, String tensor) {
    return network.simulation().graph().quantizers().stream()
        .filter(q -> q.tensor().equals(tensor))
        .mapToInt(q -> q.spec().bitwidth())
        .findFirst()
        .orElseThrow();
  }

  private static PrecisionFront.Point point(PrecisionFront front, String name) {
    return front.points().stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow();
  }

  private static void assertDominatesUniform(PrecisionFront front) {
    for (PrecisionFront.Point uniform : front.points()) {
      assertThat(front.front())
          .as(uniform.name())
          .anyMatch(
              p ->
                  p.harm() <= uniform.harm()
                      && p.bitOperations() <= uniform.bitOperations() + 1e-9);
    }
    List<PrecisionFront.Point> byCost =
        front.front().stream()
            .sorted(Comparator.comparingDouble(PrecisionFront.Point::bitOperations))
            .toList();
    for (int i = 1; i < byCost.size(); i++) {
      assertThat(byCost.get(i).harm()).isLessThan(byCost.get(i - 1).harm());
    }
  }

  @Test
  void a_budget_of_bit_operations_is_kept_and_the_front_dominates_uniform_precisions() {
    MixedPrecision options =
        MixedPrecision.within(Budget.bitOperations(0.75))
            .candidates(Precision.W4A8, Precision.W8A8);

    QuantizedNetwork mixed = QUANTIZED.mixedPrecision(DATA, options);

    PrecisionFront front = mixed.precisions();
    assertThat(front.chosen().bitOperations()).isLessThanOrEqualTo(0.75 + 1e-9);
    assertDominatesUniform(front);
    PrecisionFront.Point four = point(front, "uniform W4A8");
    PrecisionFront.Point eight = point(front, "uniform W8A8");
    assertThat(four.bitOperations()).isCloseTo(0.5, within(1e-9));
    assertThat(eight.bitOperations()).isCloseTo(1.0, within(1e-9));
    assertThat(front.chosen().harm()).isBetween(eight.harm(), four.harm());
    assertThat(eight.values().get(0)).isCloseTo(sqnr(QUANTIZED), within(0.01));
    QuantizedNetwork uniform =
        NET.simulate(QuantConfig.int8().withWeightBits(4))
            .computeEncodings(QUANTIZED.calibration());
    assertThat(four.values().get(0)).isCloseTo(sqnr(uniform), within(0.3));
    assertThat(front.chosen().values().get(0)).isCloseTo(sqnr(mixed), within(0.3));
  }

  @Test
  void layers_that_read_one_tensor_have_one_precision() {
    PrecisionFront front = QUANTIZED.mixedPrecision(DATA, Budget.bitOperations(1.2)).precisions();

    assertThat(front.layers())
        .extracting(PrecisionFront.Layers::names)
        .containsExactly(
            List.of("first"), List.of("left", "right"), List.of("third"), List.of("last"));
    assertThat(front.layers().stream().mapToDouble(PrecisionFront.Layers::macs).sum())
        .isCloseTo(100, within(1e-6));
    assertThat(front.layers().get(1).alone().keySet()).containsExactly("W4A8", "W8A8", "W8A16");
    assertThat(front.layers())
        .allMatch(l -> l.alone().get("W8A8") <= l.alone().get("W4A8"))
        .allMatch(l -> l.alone().get("W8A16") <= l.alone().get("W8A8"));
  }

  @Test
  void the_chosen_bits_are_in_the_network_and_its_files(@TempDir Path folder) {
    QuantizedNetwork mixed = QUANTIZED.mixedPrecision(DATA, Budget.bitOperations(0.9));

    for (PrecisionFront.Layers layers : mixed.precisions().layers()) {
      for (String name : layers.names()) {
        assertThat(bits(mixed, name + ".weight")).isEqualTo(layers.precision().weightBits());
      }
    }
    assertThat(bits(mixed, "x"))
        .isEqualTo(mixed.precisions().layers().get(0).precision().activationBits());
    assertThat(bits(mixed, "last")).isEqualTo(8);
    assertThat(mixed.steps().stringColumn("verb").asList())
        .containsExactly("of", "computeEncodings", "mixedPrecision");
    mixed.export(folder, "mixed");
    QuantizedNetwork read = Qalibre.loadQuantized(folder.resolve("mixed_qdq.onnx"));
    assertThat(Golden.sqnr(mixed.run(BATCH).get("last"), read.run(BATCH).get("last")))
        .isGreaterThan(50);
  }

  @Test
  void a_budget_of_noise_takes_as_few_bit_operations_as_it_can() {
    QuantizedNetwork mixed = QUANTIZED.mixedPrecision(DATA, Budget.sqnr(sqnr(QUANTIZED) - 6));

    PrecisionFront front = mixed.precisions();
    assertThat(front.chosen().values().get(0)).isGreaterThanOrEqualTo(sqnr(QUANTIZED) - 6);
    assertThat(front.points())
        .filteredOn(p -> p.bitOperations() < front.chosen().bitOperations())
        .allMatch(p -> p.values().get(0) < sqnr(QUANTIZED) - 6);
  }

  @Test
  void a_budget_of_accuracy_needs_labels() {
    PrecisionFront front = QUANTIZED.mixedPrecision(DATA, Budget.accuracyDrop(100)).precisions();
    assertThat(front.measures()).containsExactly(Measure.SQNR, Measure.TOP1);
    assertThat(front.chosen().bitOperations()).isCloseTo(0.5, within(1e-9));

    Samples unlabelled = Samples.of(List.of(BATCH));
    assertThatThrownBy(() -> QUANTIZED.mixedPrecision(unlabelled, Budget.accuracyDrop(1)))
        .isInstanceOf(QalibreException.class)
        .hasMessage("accuracy needs labels, and the dataset has none");
    assertThat(
            QUANTIZED.mixedPrecision(unlabelled, Budget.bitOperations(0.8)).precisions().measures())
        .containsExactly(Measure.SQNR);
  }

  @Test
  void tables_and_chart_show_the_front() {
    PrecisionFront front = QUANTIZED.mixedPrecision(DATA, Budget.bitOperations(0.75)).precisions();

    assertThat(front.table().columnNames())
        .containsExactly(
            "layers", "bit operations, of W8A8", "SQNR, dB", "top-1, %", "front", "chosen");
    assertThat(front.table().booleanColumn("chosen").countTrue()).isEqualTo(1);
    assertThat(front.choices().columnNames())
        .containsExactly(
            "layers", "precision", "MACs, %", "W4A8 alone", "W8A8 alone", "W8A16 alone");
    assertThat(front.chart().getSeriesCollection()).hasSize(3);
    assertThat(front).asString().startsWith("Mixed precision of net: ");
  }

  @Test
  void budgets_and_candidates_that_make_no_sense_are_errors() {
    assertThatThrownBy(() -> Budget.bitOperations(0))
        .isInstanceOf(QalibreException.class)
        .hasMessage("a budget of bit operations is a share above 0 of those of W8A8, found 0.0");
    assertThatThrownBy(() -> Budget.accuracyDrop(-1))
        .isInstanceOf(QalibreException.class)
        .hasMessage("a budget of accuracy is a loss of 0 to 100 points, found -1.0");
    assertThatThrownBy(() -> Budget.sqnr(Double.NaN))
        .isInstanceOf(QalibreException.class)
        .hasMessage("a budget of SQNR is a number of dB, found NaN");
    assertThatThrownBy(() -> new Precision(1, 8))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("2 to 16 bits, found 1 for weights");
    MixedPrecision options = MixedPrecision.within(Budget.bitOperations(1));
    assertThatThrownBy(() -> options.candidates(Precision.W4A8))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("two or more different precisions, found [W4A8]");
    assertThatThrownBy(() -> options.points(1))
        .isInstanceOf(QalibreException.class)
        .hasMessage("mixedPrecision measures 2 points or more, found 1");
    assertThatThrownBy(() -> QUANTIZED.mixedPrecision(DATA, Budget.bitOperations(0.3)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("a budget of 0.3 of W8A8's bit operations is below the 0.5");
    assertThatThrownBy(() -> QUANTIZED.mixedPrecision(DATA, Budget.sqnr(200)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("none of the choices measured keeps to an SQNR of at least 200 dB");
  }

  @Test
  void what_cannot_get_other_bits_is_said(@TempDir Path folder) {
    QuantizedNetwork none =
        NET.simulate(QuantConfig.int8().disable("weight")).computeEncodings(DATA);
    assertThatThrownBy(() -> none.mixedPrecision(DATA, Budget.bitOperations(0.75)))
        .isInstanceOf(QalibreException.class)
        .hasMessage("mixedPrecision: `net` has no layer whose weight is quantized to codes");
    QUANTIZED.export(folder, "net");
    QuantizedNetwork read =
        NET.simulate(QuantConfig.int8()).loadEncodings(folder.resolve("net.encodings"));
    assertThatThrownBy(() -> read.mixedPrecision(DATA, Budget.bitOperations(0.75)))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "mixedPrecision: activation `x` cannot get 16 bits: its encoding was not computed from"
                + " samples");
    assertThatThrownBy(
            () ->
                QUANTIZED.mixedPrecision(
                    Labelled.of(Net.data(1, 0, 3, 6, 6)), Budget.bitOperations(0.75)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("the dataset is empty; expected at least one sample");
    assertThatThrownBy(QUANTIZED::precisions)
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("this network does not come from mixedPrecision(…)");
  }

  @Test
  void interrupted_the_samples_seen_decide() {
    Labelled second =
        DATA.before(
            i -> {
              if (i == 1) {
                Thread.currentThread().interrupt();
              }
            });

    PrecisionFront front =
        QUANTIZED.mixedPrecision(second, Budget.bitOperations(0.75)).precisions();

    assertThat(front.run().samples()).isEqualTo(8);
    assertThat(front.run().interrupted()).isTrue();
    assertThat(front.chosen().bitOperations()).isLessThanOrEqualTo(0.75 + 1e-9);
    Labelled atOnce = DATA.before(i -> Thread.currentThread().interrupt());
    assertThatThrownBy(() -> QUANTIZED.mixedPrecision(atOnce, Budget.bitOperations(0.75)))
        .isInstanceOf(InterruptedWorkException.class);
  }

  @Test
  void no_array_stays_behind() {
    List<QuantizerNode> before = QUANTIZED.simulation().graph().quantizers();
    EngineArrays.assertLeavesNothing(
        () -> QUANTIZED.mixedPrecision(DATA, Budget.bitOperations(0.75)));
    assertThat(QUANTIZED.simulation().graph().quantizers()).isEqualTo(before);
  }

  /** On the shipped MobileNetV2, 500 validation pictures choose and the test pictures judge. */
  @Test
  @EnabledIfSystemProperty(named = "full", matches = "true", disabledReason = "a long suite")
  void its_front_on_the_shipped_network_dominates_uniform_precisions() {
    ImageSplits data = Datasets.fashionMnist().as(3, 32);
    ImageDataset test = data.test().first(2000);
    Network net = Qalibre.load("data/models/mobilenet_v2.onnx").foldBatchNorms();
    Calibration seen = net.simulate(QuantConfig.int8()).calibrate(data.calibration(500));
    QuantizedNetwork eight = net.simulate(QuantConfig.int8()).computeEncodings(seen);

    QuantizedNetwork mixed =
        eight.mixedPrecision(data.validation().first(500).batch(50), Budget.bitOperations(0.75));

    PrecisionFront front = mixed.precisions();
    System.out.println(front.table().print(60));
    assertDominatesUniform(front);
    Tensor floats = Answers.of(net, test).logits();
    QuantizedNetwork four =
        net.simulate(QuantConfig.int8().withWeightBits(4)).computeEncodings(seen);
    double uniform = Golden.sqnr(floats, Answers.of(four, test).logits());
    double chosen = Golden.sqnr(floats, Answers.of(mixed, test).logits());
    double best = Golden.sqnr(floats, Answers.of(eight, test).logits());
    System.out.printf(
        "on %d test pictures: W4A8 %.1f dB, chosen %.1f dB, W8A8 %.1f dB%n",
        test.size(), uniform, chosen, best);
    assertThat(chosen).isGreaterThan(uniform + (best - uniform) / 2);
  }
}
