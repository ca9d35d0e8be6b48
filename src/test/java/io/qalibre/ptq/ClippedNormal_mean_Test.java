package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.ptq.ClippedNormal.Bounds;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClippedNormal_mean_Test {
  @ParameterizedTest
  @CsvSource({
    "0, 1, 0, Infinity",
    "1.5, 0.5, 0, Infinity",
    "-4, 1, 0, Infinity",
    "0, 1, 0, 6",
    "3, 2, 0, 6",
    "7, 1, 0, 6",
    "-1, 3, -Infinity, 2",
    "0.3, 0, 0, 6",
    "9, 0, 0, 6",
    "0.7, 2, -Infinity, Infinity",
    "-0.2, 1.7, -1, 1"
  })
  void it_is_the_integral(double mean, double deviation, double low, double high) {
    double sum = 0;
    int n = 200_001;
    for (int i = 0; i < n; i++) {
      double z = -10 + 20.0 * i / (n - 1);
      double density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI) * 20 / (n - 1);
      sum += density * Math.max(low, Math.min(high, mean + deviation * z));
    }

    assertThat(ClippedNormal.mean(mean, deviation, new Bounds(low, high)))
        .isCloseTo(sum, within(2e-6));
  }
}
