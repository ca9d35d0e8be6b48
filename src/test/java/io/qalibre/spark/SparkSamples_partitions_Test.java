package io.qalibre.spark;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SparkSamples_partitions_Test {
  @ParameterizedTest
  @CsvSource({
    "2, 1, 1",
    "2, 3, 3",
    "2, 16, 4",
    "2, 160, 6",
    "3, 160, 6",
    "100, 400000, 2000",
    "300, 400000, 2100",
    "1500, 400000, 3000"
  })
  void as_many_for_each_core_two_at_least(int cores, int batches, int expected) {
    assertThat(SparkSamples.partitions(cores, batches)).isEqualTo(expected);
  }
}
