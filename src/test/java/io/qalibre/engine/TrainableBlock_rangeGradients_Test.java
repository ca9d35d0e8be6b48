package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gradients of quantizers beside those of torch's autograd, and beside differences of what the
 * formulas say: all grids, 2, 4 and 8 bits, per tensor and per channel; values on the grid, beyond
 * both ends, at ties and at the ends.
 */
class TrainableBlock_rangeGradients_Test {
  private static final double STEP = 1e-6;
  private final NDManager manager = Programs.newManager();

  @AfterEach
  void close() {
    manager.close();
  }

  static List<GoldenGradient> cases() {
    return GoldenGradient.all();
  }

  /** What float32 sums of some dozen numbers may differ by. */
  private static void assertClose(float[] found, double... expected) {
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < found.length; i++) {
      assertThat((double) found[i])
          .as("number %d", i)
          .isCloseTo(expected[i], within(1e-5 * (1 + Math.abs(expected[i]))));
    }
  }

  private static double[] wide(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  /** The gradients, after a look at those of the values and at the values themselves. */
  private Map<String, float[]> gradients(GoldenGradient golden, GradientEstimator estimator) {
    TrainableBlock block = new TrainableBlock(golden.simulation(), manager, estimator);
    if (estimator.form() == RangeForm.ENDS) {
      block.restore(golden.ends());
    }
    Map<String, float[]> found =
        SingleQuantizer.gradients(block, golden.tensor(golden.g()), manager);
    double[] y = new double[golden.y().length];
    for (int i = 0; i < y.length; i++) {
      y[i] = golden.y()[i] * golden.g()[i];
    }
    assertClose(found.get("y"), y);
    assertThat(found.get("w")).usingComparatorWithPrecision(1e-6f).containsExactly(golden.dx());
    return found;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void ranges_that_stay_let_the_gradients_of_autograd_through(GoldenGradient golden) {
    assertThat(gradients(golden, GradientEstimator.STRAIGHT_THROUGH)).containsOnlyKeys("w", "y");
  }

  /** The formulas with what rounding adds, and what is clipped, held as they are at a point. */
  private record Piece(GoldenGradient golden, int channel) {
    double scale(double low, double high) {
      return Math.abs(high - low) / golden.codes().steps();
    }

    double min() {
      return golden.min()[channel];
    }

    double max() {
      return golden.max()[channel];
    }

    /** The code of zero, negated, of the range here moved to another. */
    double offset(double low, double scale) {
      if (!golden.grid().equals("asymmetric")) {
        return 0;
      }
      double here = min() / scale(min(), max());
      double rounded = Math.rint(here);
      boolean clipped = rounded > 0 || rounded < -golden.codes().steps();
      return clipped
          ? Math.max(-golden.codes().steps(), Math.min(0, rounded))
          : low / scale + rounded - here;
    }

    /** Σ g·y of the channel with another range, or with one value moved. */
    double sumOf(double low, double high, int moved, double by) {
      return sum(scale(low, high), offset(low, scale(low, high)), moved, by);
    }

    double sum(double scale, double offset, int moved, double by) {
      double here = scale(min(), max());
      double zero = Math.rint(offset(min(), here));
      double sum = 0;
      for (int i = channel * golden.width(); i < (channel + 1) * golden.width(); i++) {
        double x = golden.x()[i];
        double code = Math.rint(x / here);
        double value = (x + (i == moved ? by : 0)) / scale + code - x / here;
        if (code < zero + golden.codes().first()) {
          value = offset + golden.codes().first();
        } else if (code > zero + golden.codes().last()) {
          value = offset + golden.codes().last();
        }
        sum += golden.g()[i] * value * scale;
      }
      return sum;
    }
  }

  private static double slope(DoubleUnaryOperator loss) {
    return (loss.applyAsDouble(STEP) - loss.applyAsDouble(-STEP)) / (2 * STEP);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void ends_that_learn_have_the_gradients_of_autograd_and_of_differences(GoldenGradient golden) {
    Map<String, float[]> found = gradients(golden, GradientEstimator.LEARNED);

    assertClose(found.get("w.range_min"), wide(golden.dmin()));
    assertClose(found.get("w.range_max"), wide(golden.dmax()));
    for (int c = 0; c < golden.channels() && !golden.collapsed(); c++) {
      Piece piece = new Piece(golden, c);
      double low = piece.min();
      double high = piece.max();
      float[] ends = {found.get("w.range_min")[c], found.get("w.range_max")[c]};
      assertClose(
          ends,
          slope(d -> piece.sumOf(low + d, high, -1, 0)),
          slope(d -> piece.sumOf(low, high + d, -1, 0)));
      for (int i = c * golden.width(); i < (c + 1) * golden.width(); i++) {
        int moved = i;
        double byX = slope(d -> piece.sumOf(low, high, moved, d));
        assertThat((double) found.get("w")[i]).isCloseTo(byX, within(1e-6));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void steps_that_learn_have_the_gradients_of_autograd_and_of_differences(GoldenGradient golden) {
    Map<String, float[]> found = gradients(golden, GradientEstimator.LSQ);

    assertThat(found).containsOnlyKeys("w", "w.range_scale", "y");
    assertClose(found.get("w.range_scale"), wide(golden.dscale()));
    for (int c = 0; c < golden.channels() && !golden.collapsed(); c++) {
      Piece piece = new Piece(golden, c);
      double scale = piece.scale(piece.min(), piece.max());
      double zero = Math.rint(piece.offset(piece.min(), scale));
      double factor = 1 / Math.sqrt((double) golden.width() * golden.codes().last());
      double byScale = slope(d -> piece.sum(scale + d, zero, -1, 0));
      assertClose(new float[] {found.get("w.range_scale")[c]}, factor * byScale);
    }
  }

  /** LSQ counts the elements of a sample, whatever the batch; the ends know the scale's slope. */
  @Test
  void steps_of_activations_are_counted_by_their_sample() {
    Tensor data = Net.data(1, 5, 7);
    Graph graph = Net.input(7).op("y", "Sin", List.of("x")).build("y");
    Simulation start =
        Calibrator.calibrate(
                Placement.place(
                    graph, RuntimeConfig.builtIn("per_tensor"), PlacementOptions.DEFAULT),
                Labelled.of(Net.data(2, 5, 7)))
            .simulation();

    Map<String, float[]> ends =
        SingleQuantizer.gradients(new TrainableBlock(start, manager), data, manager);
    Map<String, float[]> steps =
        SingleQuantizer.gradients(
            new TrainableBlock(start, manager, GradientEstimator.LSQ), data, manager);

    for (String tensor : List.of("x", "y")) {
      Encoding grid = start.encoding(tensor).first();
      double byMin = ends.get(tensor + ".range_min")[0];
      double byMax = ends.get(tensor + ".range_max")[0];
      double byScale = grid.steps() * byMax + (byMin + byMax) * grid.offset();
      assertThat((double) steps.get(tensor + ".range_scale")[0])
          .as(tensor)
          .isCloseTo(byScale / Math.sqrt(7 * 255), within(1e-4 * (1 + Math.abs(byScale))));
    }
    assertThat(steps.get("x.range_scale")[0]).isNotZero();
  }
}
