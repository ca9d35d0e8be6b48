package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Grids;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Range;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TrainableBlock_damp_Test {
  private static final int CHANNELS = 2;
  private static final int WIDTH = 40;
  private static final double LAMBDA = 0.3;
  private final NDManager manager = Programs.newManager();

  @AfterEach
  void close() {
    manager.close();
  }

  static Stream<Arguments> quantizers() {
    return Stream.of(Symmetry.ASYMMETRIC, Symmetry.SYMMETRIC, Symmetry.STRICT)
        .flatMap(
            symmetry ->
                Stream.of(-1, 0)
                    .flatMap(
                        axis ->
                            Stream.of(GradientEstimator.values())
                                .map(estimator -> Arguments.of(symmetry, axis, estimator))));
  }

  @ParameterizedTest
  @MethodSource("quantizers")
  void adds_the_gradient_of_the_distance_to_the_codes(
      Symmetry symmetry, int axis, GradientEstimator estimator) {
    QuantizerSpec spec = QuantizerSpec.perTensor(4, QuantScheme.MIN_MAX, symmetry).withAxis(axis);
    List<Encoding> grids =
        Stream.of(new Range(-0.9, 1.3), new Range(-0.4, 0.7))
            .limit(axis < 0 ? 1 : CHANNELS)
            .map(range -> Grids.grid(range, spec))
            .toList();
    Tensor w = Net.data(1, CHANNELS, WIDTH); // some are beyond the ends
    Tensor g = Net.data(2, CHANNELS, WIDTH);
    Simulation start = SingleQuantizer.simulation(spec, w, g, TensorEncoding.ofAxis(axis, grids));
    TrainableBlock block = new TrainableBlock(start, manager, estimator);
    Map<String, float[]> before = SingleQuantizer.gradients(block, g, manager);

    block.damp(LAMBDA);

    int clipped = 0;
    float[] weights = w.floats();
    float[] after = gradient(block, "w");
    for (int i = 0; i < weights.length; i++) {
      Encoding grid = grids.get(axis < 0 ? 0 : i / WIDTH);
      double inside = Math.max(grid.min(), Math.min(grid.max(), weights[i]));
      double nearest = grid.scale() * Math.rint(inside / grid.scale());
      clipped += inside == weights[i] ? 0 : 1;
      assertThat((double) after[i] - before.get("w")[i])
          .as("weight %d", i)
          .isCloseTo(2 * LAMBDA * (inside - nearest), within(1e-6));
    }
    assertThat(clipped).isBetween(5, 60);
    assertThat(block.quantizedWeights()).isEqualTo(1);
    if (estimator == GradientEstimator.LEARNED) {
      assertThat(gradient(block, "w.range_max")).isEqualTo(before.get("w.range_max"));
    }
  }

  private static float[] gradient(TrainableBlock block, String name) {
    try (NDArray gradient =
        block.getParameters().values().stream()
            .filter(parameter -> parameter.getName().equals(name))
            .findFirst()
            .orElseThrow()
            .getArray()
            .getGradient()) {
      return gradient.toFloatArray();
    }
  }
}
