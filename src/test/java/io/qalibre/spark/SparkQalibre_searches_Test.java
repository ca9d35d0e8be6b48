package io.qalibre.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.training.dataset.Dataset;
import io.qalibre.Network;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizedNetwork;
import io.qalibre.analysis.AutoQuant;
import io.qalibre.analysis.AutoQuantReport.Trial;
import io.qalibre.analysis.Budget;
import io.qalibre.analysis.Measure;
import io.qalibre.engine.Metric;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

@DisabledForJreRange(min = JRE.JAVA_24, disabledReason = LocalSpark.NEWER_JAVA)
class SparkQalibre_searches_Test {
  private static final SparkQalibre SPARK = SparkQalibre.on(LocalSpark.session());
  private static final Network NETWORK = SmallNetwork.network();
  private static final QuantizedNetwork QUANTIZED =
      NETWORK.simulate(QuantConfig.int8()).computeEncodings(SmallNetwork.samples());
  private static final SparkSamples SAMPLES = SPARK.samples(SmallNetwork.samples());

  @Test
  void accuracies_are_those_of_one_machine_sample_by_sample() {
    assertThat(SPARK.evaluate(NETWORK, SAMPLES))
        .isEqualTo(NETWORK.evaluate(SmallNetwork.samples()));
    assertThat(SPARK.evaluate(QUANTIZED, SAMPLES))
        .isEqualTo(QUANTIZED.evaluate(SmallNetwork.samples()));
  }

  @Test
  void spark_samples_are_a_dataset_here_as_well() {
    assertThat(NETWORK.evaluate(SAMPLES)).isEqualTo(NETWORK.evaluate(SmallNetwork.samples()));
    assertThat(SAMPLES).hasToString("75 labelled samples in batches of 8, 8 partitions");
  }

  @Test
  void sensitivity_is_that_of_one_machine_to_the_last_bit() {
    assertThat(SPARK.sensitivity(QUANTIZED, SAMPLES))
        .isEqualTo(QUANTIZED.sensitivity(SmallNetwork.samples()));
    assertThat(SPARK.sensitivity(QUANTIZED, SAMPLES, Measure.KL))
        .isEqualTo(QUANTIZED.sensitivity(SmallNetwork.samples(), Measure.KL));
  }

  @Test
  void a_measure_that_does_not_travel_is_an_error() {
    Metric metric = (outputs, labels) -> new double[8];

    assertThatThrownBy(() -> SPARK.sensitivity(QUANTIZED, SAMPLES, Measure.of("mine", metric)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("does not travel to the workers of a cluster")
        .hasMessageContaining("a metric of your own does not");
  }

  @Test
  void mixed_precision_chooses_what_one_machine_chooses() {
    Budget budget = Budget.bitOperations(0.75);

    QuantizedNetwork here = QUANTIZED.mixedPrecision(SmallNetwork.samples(), budget);
    QuantizedNetwork there = SPARK.mixedPrecision(QUANTIZED, SAMPLES, budget);

    assertThat(there.precisions()).isEqualTo(here.precisions());
    assertThat(there.simulation().encodings()).isEqualTo(here.simulation().encodings());
  }

  @Test
  void automatic_quantization_tries_and_chooses_what_one_machine_does() {
    Dataset calibration = Labelled.of(Net.data(2, 40, 3, 6, 6)).batch(8);
    Dataset seen = Labelled.of(first(Net.data(2, 40, 3, 6, 6), 12)).batch(8);
    AutoQuant options = AutoQuant.within(0).rounding(12).iterations(20);

    QuantizedNetwork here =
        NETWORK.autoQuant(
            io.qalibre.AutoQuantSamples.of(calibration, seen, SmallNetwork.samples()),
            QuantConfig.int8(),
            options);
    QuantizedNetwork there = SPARK.autoQuant(NETWORK, calibration, SAMPLES, options);

    assertThat(there.search().trials().stream().map(Trial::accuracy))
        .isEqualTo(here.search().trials().stream().map(Trial::accuracy).toList());
    assertThat(there.search().chosen()).isEqualTo(here.search().chosen());
    assertThat(there.simulation().encodings()).isEqualTo(here.simulation().encodings());
    assertThat(there.simulation().graph().initializers())
        .isEqualTo(here.simulation().graph().initializers());
  }

  private static Tensor first(Tensor all, int n) {
    float[] part = java.util.Arrays.copyOf(all.floats(), n * 3 * 6 * 6);
    return Tensor.of(part, n, 3, 6, 6);
  }

  @Test
  void an_interrupt_cancels_the_job() {
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> SPARK.evaluate(NETWORK, SAMPLES))
        .isInstanceOf(InterruptedWorkException.class)
        .hasMessage("interrupted: evaluate stopped; nothing of it is kept");
    assertThat(SPARK.evaluate(NETWORK, SAMPLES).n()).isEqualTo(75);
  }

  @Test
  void samples_without_labels_have_no_accuracy() {
    SparkSamples unlabelled = SPARK.samples(Labelled.of(Net.data(2, 16, 3, 6, 6)).batch(8));

    assertThatThrownBy(() -> SPARK.evaluate(NETWORK, unlabelled))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("labels");
    assertThat(SPARK.sensitivity(QUANTIZED, unlabelled).measures()).containsExactly(Measure.SQNR);
  }
}
