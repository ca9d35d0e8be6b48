package io.qalibre.spark;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SparkSamples_partitions_Test {
  @ParameterizedTest
  @CsvSource({
    "2, 1, 1",
    "2, 3, 3",
    "2, 16, 8",
    "2, 160, 8",
    "2, 320, 10",
    "3, 400, 12",
    "100, 400000, 2000",
    "300, 400000, 2100",
    "1500, 400000, 3000"
  })
  void as_many_for_each_core(int cores, int batches, int expected) {
    assertThat(SparkSamples.partitions(cores, batches)).isEqualTo(expected);
  }
}
