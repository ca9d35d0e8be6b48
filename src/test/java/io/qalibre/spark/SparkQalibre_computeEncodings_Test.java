package io.qalibre.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.training.dataset.Dataset;
import io.qalibre.Calibration;
import io.qalibre.Network;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizationSimModel;
import io.qalibre.QuantizedNetwork;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.QuantScheme;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisabledForJreRange(min = JRE.JAVA_24, disabledReason = LocalSpark.NEWER_JAVA)
class SparkQalibre_computeEncodings_Test {
  private final SparkQalibre spark = SparkQalibre.on(LocalSpark.session());

  @ParameterizedTest
  @MethodSource("io.qalibre.spark.SmallNetwork#schemes")
  void encodings_are_those_of_one_machine(QuantScheme scheme) {
    QuantizationSimModel sim = SmallNetwork.simulation(scheme);

    QuantizedNetwork here = sim.computeEncodings(SmallNetwork.samples());
    QuantizedNetwork there = spark.computeEncodings(sim, SmallNetwork.samples());

    assertThat(there.simulation().encodings()).isEqualTo(here.simulation().encodings());
    assertThat(there.calibration()).isEqualTo(here.calibration());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 10})
  void the_number_of_partitions_changes_nothing(int partitions) {
    QuantizationSimModel sim = SmallNetwork.simulation(QuantScheme.TF_ENHANCED);
    SparkSamples samples = spark.samples(SmallNetwork.samples());
    SparkSamples divided =
        new SparkSamples(
            samples.batches().coalesce(partitions), new SparkSamples.Facts(75, 8, true), false);

    Calibration there = spark.calibrate(sim, divided);

    assertThat(divided.partitions()).isLessThanOrEqualTo(partitions);
    assertThat(there).isEqualTo(sim.calibrate(SmallNetwork.samples()));
  }

  /** Bins cannot be fixed by the first batch then, nor by any one in the same partition. */
  @Test
  void activations_that_are_zero_at_first_get_the_bins_of_the_first_batch_that_counts() {
    float[] values = Net.data(9, 80, 3, 6, 6).floats();
    Arrays.fill(values, 0, 40 * 3 * 6 * 6, 0);
    Dataset samples = Labelled.of(Tensor.of(values, 80, 3, 6, 6)).batch(8);
    Network network =
        SmallNetwork.network(
            Net.input(3, 6, 6).op("r", "Relu", List.of("x")).conv("y", "r", 4, 3, 1, 1).build("y"));
    QuantizationSimModel sim = network.simulate(QuantConfig.int8());

    assertThat(spark.calibrate(sim, samples)).isEqualTo(sim.calibrate(samples));
  }

  @Test
  void a_table_says_what_the_passes_did() {
    SparkQalibre own = SparkQalibre.on(LocalSpark.session());
    own.calibrate(SmallNetwork.simulation(QuantScheme.MIN_MAX), SmallNetwork.samples());

    List<SparkPass> passes = own.passes();
    SparkPass counts = passes.get(1);

    assertThat(passes).hasSize(2);
    assertThat(counts.samples()).isEqualTo(75);
    assertThat(counts.batches()).isEqualTo(10);
    assertThat(counts.tasks()).isEqualTo(8);
    assertThat(counts.unreadable()).isZero();
    assertThat(counts.cost().sent()).isPositive();
    assertThat(counts.cost().received()).isPositive();
    assertThat(counts).hasToString("calibrate: 75 samples in 10 batches and 8 tasks");
    assertThat(own.table().rowCount()).isEqualTo(2);
    assertThat(own).hasToString("Qalibre on Spark local[2]: 2 passes, the last: " + counts);
  }

  @Test
  void what_a_worker_says_comes_through() {
    float[] values = Net.data(9, 24, 3, 6, 6).floats();
    values[2000] = Float.NaN;
    Dataset samples = Labelled.of(Tensor.of(values, 24, 3, 6, 6)).batch(4);
    QuantizationSimModel sim = SmallNetwork.simulation(QuantScheme.MIN_MAX);

    assertThatThrownBy(() -> spark.calibrate(sim, samples))
        .isInstanceOf(QalibreException.class)
        .hasMessage("activation `x` holds NaN or infinity (range NaN to NaN)");
  }

  @Test
  void a_dataset_without_samples_is_an_error() {
    QuantizationSimModel sim = SmallNetwork.simulation(QuantScheme.MIN_MAX);
    Dataset none = Labelled.of(Tensor.of(new float[0], 0, 3, 6, 6));

    assertThatThrownBy(() -> spark.calibrate(sim, none))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("the dataset is empty");
  }

  @Test
  void the_session_is_left_as_it_was() {
    JavaSparkContext context =
        JavaSparkContext.fromSparkContext(LocalSpark.session().sparkContext());
    spark.calibrate(SmallNetwork.simulation(QuantScheme.MIN_MAX), SmallNetwork.samples());

    assertThat(context.getPersistentRDDs()).isEmpty();
    assertThat(context.sc().isStopped()).isFalse();
  }
}
