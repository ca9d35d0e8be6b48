package io.qalibre.quant;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Histogram_with_Test {
  @ParameterizedTest
  @CsvSource({"0, 2", "5, 1", "5, 3", "70000, 1", "70000, 2", "200001, 2", "200001, 3"})
  void threads_and_pieces_change_nothing(int size, int threads) {
    float[] values = new float[size];
    Random random = new Random(1);
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    Histogram before = Histogram.empty(new BinGrid(-20, 0.1, 40)).with(new float[] {1, 2, 9});

    FloatBuffer within = FloatBuffer.allocate(size + 2).put(1, values).position(1).limit(size + 1);
    Histogram after = before.with(within, threads);

    assertThat(after).isEqualTo(before.with(values));
  }
}
