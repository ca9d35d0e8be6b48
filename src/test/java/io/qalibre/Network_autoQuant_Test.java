package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.analysis.AutoQuant;
import io.qalibre.analysis.AutoQuantReport;
import io.qalibre.data.Datasets;
import io.qalibre.data.ImageDataset;
import io.qalibre.data.ImageSplits;
import io.qalibre.data.Samples;
import io.qalibre.engine.Accuracy;
import io.qalibre.engine.EngineArrays;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

class Network_autoQuant_Test {
  private static final int N = 64;
  private static final Tensor INPUT = Net.data(4, N, 3, 6, 6);
  private static final Network NET =
      Qalibre.of(
          Net.input(3, 6, 6)
              .conv("first", "x", 6, 3, 3, 3)
              .op("relu", "Relu", List.of("first"))
              .conv("second", "relu", 6, 6, 3, 3)
              .op("pool", "GlobalAveragePool", List.of("second"))
              .op("flat", "Flatten", List.of("pool"))
              .linear("last", "flat", 4, 6)
              .build("last"));
  private static final Labelled DATA = labelled();

  /** What the float network says is right. */
  private static Labelled labelled() {
    float[] logits = NET.run(Map.of("x", INPUT)).get("last").floats();
    long[] classes = new long[N];
    for (int i = 0; i < N; i++) {
      for (int c = 1; c < 4; c++) {
        classes[i] = logits[4 * i + c] > logits[4 * i + (int) classes[i]] ? c : classes[i];
      }
    }
    return Labelled.of(INPUT, classes).batch(16);
  }

  private static AutoQuantReport search(QuantConfig config, double points) {
    return NET.autoQuant(DATA, DATA, config, AutoQuant.within(points).iterations(20)).search();
  }

  @Test
  void it_stops_as_soon_as_the_target_is_reached() {
    QuantizedNetwork found = NET.autoQuant(DATA, DATA, QuantConfig.int8(), AutoQuant.within(10));

    AutoQuantReport report = found.search();
    assertThat(report.trials()).hasSize(1);
    assertThat(report.reached()).isTrue();
    assertThat(report.why()).isEqualTo("the target is reached");
    assertThat(report.best().name()).isEqualTo("as configured");
    assertThat(report.best().accuracy()).isEqualTo(found.evaluate(DATA));
    assertThat(report.floats().top1()).isEqualTo(100);
    assertThat(found.steps().stringColumn("verb").asList())
        .containsExactly("of", "foldBatchNorms", "computeEncodings", "autoQuant");
  }

  @Test
  void what_is_not_reached_is_tried_in_order_of_cost_and_the_best_is_kept() {
    QuantizedNetwork found =
        NET.autoQuant(
            DATA,
            DATA,
            QuantConfig.int8().withWeightBits(2).withActivationBits(3),
            AutoQuant.within(0).iterations(20));

    AutoQuantReport report = found.search();
    assertThat(report.trials())
        .extracting(AutoQuantReport.Trial::name)
        .containsExactly(
            "as configured",
            "activations by percentile 99.99",
            "activations by percentile 99.9",
            "activations by mse",
            "activations by tf_enhanced",
            "weights left in floats, to compare",
            "layers equalized",
            "biases corrected",
            "weights' ranges by sequentialMse",
            "AdaRound");
    assertThat(report.reached()).isFalse();
    assertThat(report.why()).startsWith("all has been tried");
    double best = found.evaluate(DATA).top1();
    assertThat(report.best().accuracy().top1()).isEqualTo(best);
    assertThat(report.trials())
        .filteredOn(t -> !t.name().startsWith("weights left"))
        .allMatch(t -> t.accuracy().top1() <= best);
    assertThat(report.table().columnNames())
        .containsExactly("tried", "top-1 %", "lost", "± paired", "seconds", "chosen", "note");
    assertThat(report.table().booleanColumn("chosen").countTrue()).isEqualTo(1);
    assertThat(report.table().name()).contains("within 0 points of 100 % top-1 (64 samples)");
    assertThat(report.chart().getTitle()).isEqualTo("Quantizing within 0 points");
    assertThat(report).asString().startsWith("AutoQuant: ");
  }

  @Test
  void what_activations_alone_lose_is_said_where_it_is_more_than_the_target() {
    AutoQuantReport report = search(QuantConfig.int8().withActivationBits(2), 0);

    assertThat(report.why())
        .isEqualTo("all has been tried; activations alone lose more than the target");
  }

  /** A technique that is not possible is a row with its reason. */
  @Test
  void a_way_that_fails_is_noted() {
    QuantConfig floatWeights = QuantConfig.int8().disable("weight").withActivationBits(2);

    AutoQuantReport report = search(floatWeights, 0);

    AutoQuantReport.Trial rounding = report.trials().get(report.trials().size() - 1);
    assertThat(rounding.name()).isEqualTo("AdaRound");
    assertThat(rounding.accuracy()).isNull();
    assertThat(rounding.note()).contains("whose weight is quantized to a grid");
    assertThat(report.table().doubleColumn("top-1 %").isMissing(report.trials().size() - 1))
        .isTrue();
  }

  @Test
  void bad_input_is_an_error() {
    assertThatThrownBy(() -> AutoQuant.within(-0.5))
        .isInstanceOf(QalibreException.class)
        .hasMessage("autoQuant: expected a target of 0 to 100 points, found -0.5");
    assertThatThrownBy(() -> AutoQuant.within(1).iterations(0))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("of at least 1, found 1000, 500 and 0");
    Samples unlabelled = Samples.of(List.of(Map.of("x", INPUT)));
    assertThatThrownBy(
            () -> NET.autoQuant(DATA, unlabelled, QuantConfig.int8(), AutoQuant.within(1)))
        .isInstanceOf(QalibreException.class)
        .hasMessage("accuracy needs labels, and the dataset has none");
    Labelled none = Labelled.of(Net.data(1, 0, 3, 6, 6));
    assertThatThrownBy(() -> NET.autoQuant(none, DATA, QuantConfig.int8(), AutoQuant.within(1)))
        .isInstanceOf(QalibreException.class)
        .hasMessage("calibrate: the dataset is empty; expected at least one sample");
    QuantizedNetwork other = NET.simulate(QuantConfig.int8()).computeEncodings(DATA);
    assertThatThrownBy(other::search)
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("this network does not come from autoQuant(…)");
  }

  @Test
  void interrupted_it_gives_the_best_so_far() {
    int[] passes = {0};
    Labelled interrupting =
        DATA.before(
            batch -> {
              passes[0] += batch == 0 ? 1 : 0;
              if (passes[0] == 4) {
                Thread.currentThread().interrupt();
              }
            });

    AutoQuantReport report =
        NET.autoQuant(
                DATA,
                interrupting,
                QuantConfig.int8().withWeightBits(2).withActivationBits(2),
                AutoQuant.within(0))
            .search();

    assertThat(report.trials()).hasSize(2);
    assertThat(report.why()).isEqualTo("interrupted at `activations by percentile 99.9`");
    Labelled atOnce = DATA.before(i -> Thread.currentThread().interrupt());
    assertThatThrownBy(() -> NET.autoQuant(DATA, atOnce, QuantConfig.int8(), AutoQuant.within(0)))
        .isInstanceOf(InterruptedWorkException.class);
  }

  @Test
  void no_array_stays_behind() {
    EngineArrays.assertLeavesNothing(
        () -> NET.autoQuant(DATA, DATA, QuantConfig.int8(), AutoQuant.within(10)));
  }

  /** On the shipped MobileNetV2: the validation pictures choose, the test pictures judge. */
  @Test
  @EnabledIfSystemProperty(named = "full", matches = "true", disabledReason = "a long suite")
  void the_shipped_network_meets_the_target_on_the_test_pictures() {
    ImageSplits data = Datasets.fashionMnist().as(3, 32);
    Network net = Qalibre.load("data/models/mobilenet_v2.onnx");
    Accuracy floats = net.evaluate(data.test());
    for (QuantConfig config : List.of(QuantConfig.int8(), QuantConfig.int8().withWeightBits(4))) {
      QuantizedNetwork found = net.autoQuant(data, config, AutoQuant.within(0.5));

      System.out.println(found.search().table().print());
      Accuracy accuracy = found.evaluate(data.test());
      System.out.printf(
          "%s: test %s, float %s, lost %.2f ± %.2f%n",
          config,
          accuracy,
          floats,
          floats.top1() - accuracy.top1(),
          accuracy.pairedStandardError(floats));
      assertThat(found.search().reached()).isTrue();
      assertThat(accuracy.top1()).isGreaterThanOrEqualTo(floats.top1() - 0.5);
    }
  }

  /** The quick form: a part of the splits, and few iterations. */
  @Test
  void the_shipped_network_is_searched_by_its_splits() {
    ImageSplits all = Datasets.fashionMnist().as(3, 32);
    ImageDataset validation = all.validation().first(200);
    ImageSplits data = new ImageSplits(all.training(), validation, all.test());
    Network net = Qalibre.load("data/models/mobilenet_v2.onnx");

    QuantizedNetwork found = net.autoQuant(data, AutoQuant.within(2).calibration(100));

    assertThat(found.search().reached()).isTrue();
    assertThat(found.evaluate(validation).top1())
        .isGreaterThanOrEqualTo(net.evaluate(validation).top1() - 2);
  }
}
