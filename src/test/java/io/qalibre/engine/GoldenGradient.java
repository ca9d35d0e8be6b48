package io.qalibre.engine;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Golden;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A case of {@code scripts/golden_gradients.py}: values, what comes in from behind, and what
 * torch's autograd makes of it.
 */
record GoldenGradient(
    String name,
    String grid,
    int bits,
    int channels,
    float[] x,
    float[] g,
    float[] min,
    float[] max,
    float[] y,
    float[] dx,
    float[] dmin,
    float[] dmax,
    float[] scale,
    float[] zero,
    float[] dscale) {

  static List<GoldenGradient> all() {
    try {
      return List.of(
          new JsonMapper()
              .readValue(Golden.file("gradients.json").toFile(), GoldenGradient[].class));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  QuantizerSpec spec() {
    Symmetry symmetry = Symmetry.valueOf(grid.toUpperCase(Locale.ROOT));
    QuantizerSpec spec = QuantizerSpec.perTensor(bits, QuantScheme.MIN_MAX, symmetry);
    return channels > 1 ? spec.withAxis(0) : spec;
  }

  Codes codes() {
    return Codes.of(spec());
  }

  /** Elements of a channel. */
  int width() {
    return x.length / channels;
  }

  Tensor tensor(float[] values) {
    return Tensor.of(values, channels, width());
  }

  /** The encodings that scale and zero point stand for. */
  TensorEncoding encoding() {
    List<Encoding> grids = new ArrayList<>();
    for (int c = 0; c < channels; c++) {
      long offset = codes().first() - (long) zero[c];
      grids.add(Encoding.of(scale[c], offset, codes().steps(), bits, !grid.equals("asymmetric")));
    }
    return TensorEncoding.ofAxis(spec().axis(), grids);
  }

  Simulation simulation() {
    return SingleQuantizer.simulation(spec(), tensor(x), tensor(g), encoding());
  }

  /** Whether minimum and maximum make a grid: the least scale there is has no gradient. */
  @JsonIgnore
  boolean collapsed() {
    return IntStream.range(0, channels).anyMatch(c -> min[c] == max[c]);
  }

  Map<String, Tensor> ends() {
    return Map.of(
        "w", tensor(x),
        "w.range_min", Tensor.of(min, channels),
        "w.range_max", Tensor.of(max, channels));
  }

  @Override
  public String toString() {
    return name;
  }
}
