package io.qalibre.benchmarks;

import io.qalibre.data.Samples;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Pictures to measure with. */
final class Pictures {
  private Pictures() {}

  /** Normal noise, batch×3×size×size. */
  static float[] noise(int batch, int size) {
    float[] pixels = new float[batch * 3 * size * size];
    Random random = new Random(1);
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    return pixels;
  }

  /** Equal batches of noise for an input {@code input}. */
  static Samples samples(int batches, int batch, int size) {
    Tensor pixels = Tensor.of(noise(batch, size), batch, 3, size, size);
    List<Map<String, Tensor>> all = new ArrayList<>();
    for (int i = 0; i < batches; i++) {
      all.add(Map.of("input", pixels));
    }
    return Samples.of(all);
  }
}
