package io.qalibre.ptq;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.TensorEncoding;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The layers of the float network that a simulation was made from. */
final class FloatReference {
  /** Rounding up and down may be this far apart, in steps of the grid, and float32 a bit more. */
  private static final double FARTHEST = 1.001;

  private FloatReference() {}

  /**
   * The float network's layers of the same names as a simulation's.
   *
   * @throws QalibreException if one is missing, or its weight is no rounding of the float one
   */
  static List<LinearLayer> layers(Simulation simulation, Graph floating, List<LinearLayer> layers) {
    Map<String, LinearLayer> byName = new LinkedHashMap<>();
    LinearLayer.of(floating).forEach(l -> byName.put(l.name(), l));
    return layers.stream()
        .map(
            layer -> {
              LinearLayer own = byName.get(layer.name());
              check(simulation, floating, layer, own);
              return Objects.requireNonNull(own);
            })
        .toList();
  }

  private static void check(
      Simulation simulation, Graph floating, LinearLayer layer, @Nullable LinearLayer own) {
    Tensor weight = simulation.graph().initializer(layer.weight());
    Tensor expected = own == null ? null : floating.initializer(own.weight());
    if (expected == null || !expected.shape().equals(weight.shape())) {
      throw new QalibreException(
          "layer `%s`: expected the float network `%s` to have it with a weight of %s, found %s"
              .formatted(
                  layer.name(),
                  floating.name(),
                  weight.shape(),
                  expected == null ? "none" : expected.shape()));
    }
    double steps = apart(simulation, layer, weight, expected);
    if (steps > FARTHEST) {
      throw new QalibreException(
          String.format(
              Locale.ROOT,
              "weight `%s` is %.3g steps of its grid away from the float network's, expected one at"
                  + " most: biases are corrected to the float network's means, so correct them"
                  + " before training",
              layer.weight(),
              steps));
    }
  }

  /** The largest distance between two weights within the grid, in steps. */
  private static double apart(Simulation simulation, LinearLayer layer, Tensor one, Tensor other) {
    float[] a = one.floats();
    float[] b = other.floats();
    if (!layer.quantized()) {
      return java.util.Arrays.equals(a, b) ? 0 : Double.POSITIVE_INFINITY;
    }
    TensorEncoding encoding = simulation.encoding(Objects.requireNonNull(layer.quantizer()).id());
    Granularity granularity = encoding.granularity();
    long[] shape = one.sizes();
    int run = granularity.run(shape);
    double farthest = 0;
    for (int start = 0; start < a.length; start += run) {
      Encoding grid = encoding.grids().get(granularity.grid(start, shape));
      for (int i = start; i < start + run; i++) {
        double distance = Math.abs(clamp(a[i], grid) - clamp(b[i], grid)) / grid.scale();
        farthest = Math.max(farthest, distance);
      }
    }
    return farthest;
  }

  private static double clamp(float value, Encoding grid) {
    return Math.max(grid.min(), Math.min(grid.max(), value));
  }
}
