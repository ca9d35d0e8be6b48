package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.qalibre.quant.Histogram;
import io.qalibre.quant.Statistics;
import io.qalibre.testing.Fuzz;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;

/** Any bytes as a file of what quantizers have seen, which is then looked at. See {@link Fuzz}. */
class StatisticsFile_fuzz_Test {
  @BeforeAll
  static void followTheReader() {
    Fuzz.follow("io.qalibre.export.*");
  }

  @FuzzTest(maxDuration = Fuzz.DURATION)
  void parse(byte[] bytes) {
    Fuzz.check(() -> parseAndLook(bytes));
  }

  private static void parseAndLook(byte[] bytes) {
    Map<String, Statistics> read = StatisticsFile.parse("fuzz.json", bytes);
    for (Statistics seen : read.values()) {
      Histogram histogram = seen.histogram();
      if (histogram != null) {
        assertThat(histogram.counts()).hasSize(histogram.grid().bins());
        assertThat(Arrays.stream(histogram.shares())).allMatch(Double::isFinite);
      }
    }
  }
}
