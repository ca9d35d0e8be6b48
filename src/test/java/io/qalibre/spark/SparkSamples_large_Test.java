package io.qalibre.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.QuantConfig;
import io.qalibre.QuantizationSimModel;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.Partition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

/** Partitions of more than {@link LocalSpark#MOST_RESULTS}, which the driver does not take. */
@DisabledForJreRange(min = JRE.JAVA_24, disabledReason = LocalSpark.NEWER_JAVA)
class SparkSamples_large_Test {
  private static final int SAMPLES = 180;
  private static final int BATCH = 3;
  private static final int SIDE = 100;
  private static final int BYTES = SAMPLES * 3 * SIDE * SIDE * Float.BYTES;

  private final SparkQalibre spark = SparkQalibre.on(LocalSpark.session());
  private final SparkSamples samples = spark.samples(here(SAMPLES));
  private final QuantizationSimModel sim =
      SmallNetwork.network(
              Net.input(3, SIDE, SIDE)
                  .conv("c", "x", 4, 3, 3, 3)
                  .op("y", "Relu", List.of("c"))
                  .build("y"))
          .simulate(QuantConfig.int8());

  /** The first samples on this machine. */
  private static Labelled here(int n) {
    float[] values = Net.data(5, SAMPLES, 3, SIDE, SIDE).floats();
    return Labelled.of(Tensor.of(Arrays.copyOf(values, n * 3 * SIDE * SIDE), n, 3, SIDE, SIDE))
        .batch(BATCH);
  }

  @Test
  void partitions_are_larger_than_what_the_driver_takes() {
    assertThat(BYTES / samples.partitions()).isGreaterThan(LocalSpark.MOST_RESULTS);
  }

  @Test
  void a_task_carries_no_samples() throws IOException {
    for (Partition partition : samples.batches().rdd().partitions()) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      new ObjectOutputStream(bytes).writeObject(partition);

      assertThat(bytes.size()).isLessThan(BYTES / SAMPLES);
    }
  }

  @Test
  void the_first_batch_comes_alone() {
    assertThat(spark.calibrate(sim, samples)).isEqualTo(sim.calibrate(here(SAMPLES)));
  }

  @Test
  void a_pass_on_this_machine_takes_a_few_batches_at_a_time() {
    assertThat(sim.calibrate(samples)).isEqualTo(sim.calibrate(here(SAMPLES)));
    assertThat(sim.calibrate(samples.first(31))).isEqualTo(sim.calibrate(here(31)));
  }
}
