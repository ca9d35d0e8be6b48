package io.qalibre.export;

import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Line;
import io.qalibre.view.Panels;
import io.qalibre.view.Tables;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.XYChart;
import tech.tablesaw.api.Table;

/**
 * A simulation beside ONNX Runtime, tensor by tensor: where the two part. Each tensor is what
 * everything before it has made, so a code that flips early flips others later.
 *
 * @param samples the number of samples
 * @param layers the quantized activations, in order of execution
 */
public record LayerVerification(long samples, List<Layer> layers) implements Charted {
  /** Copies the list. */
  public LayerVerification {
    layers = List.copyOf(layers);
  }

  /**
   * One quantized activation, in the simulation and in ONNX Runtime without fused kernels.
   *
   * @param tensor the tensor's name
   * @param operator the type of the operator that writes it; {@code input} for a graph's input
   * @param sqnr the signal-to-quantization-noise ratio in dB, 10·log10(Σ sim² / Σ (runtime −
   *     sim)²); infinite where all values are equal
   * @param equal the share of values with the same code, 0 to 100
   * @param largest the largest difference of two codes
   */
  public record Layer(String tensor, String operator, double sqnr, double equal, long largest) {}

  /** The first tensor with a code that differs; empty where all codes are equal. */
  public Optional<Layer> firstApart() {
    return layers.stream().filter(layer -> layer.largest() > 0).findFirst();
  }

  /** A row a tensor. */
  @Override
  public Table table() {
    return Tables.of("ONNX Runtime beside the simulation, tensor by tensor", layers)
        .text("tensor", Layer::tensor)
        .text("operator", Layer::operator)
        .number("SQNR dB", Layer::sqnr)
        .number("equal codes %", Layer::equal)
        .integer("largest difference", Layer::largest)
        .build();
  }

  /** SQNR and the share of codes that differ, over the tensors in order of execution. */
  @Override
  public Panels chart() {
    return Charts.grid(
        "ONNX Runtime beside the simulation, tensor by tensor",
        1,
        List.of(
            line("SQNR", "dB", Layer::sqnr),
            line("codes that differ", "%", layer -> 100 - layer.equal())));
  }

  private XYChart line(String title, String unit, ToDoubleFunction<Layer> value) {
    double[] values = layers.stream().mapToDouble(value).toArray();
    return Charts.lines(
        title, "quantized tensor, in order of execution", unit, List.of(Line.of(title, values)));
  }

  /** Where the two part first, and where they are the furthest apart. */
  @Override
  public String toString() {
    String start =
        String.format(
            Locale.ROOT,
            "%d quantized tensors in the simulation and in ONNX Runtime on %,d samples: ",
            layers.size(),
            samples);
    Optional<Layer> first = firstApart();
    if (first.isEmpty()) {
      return start + "all codes equal.";
    }
    Layer least = layers.stream().min(Comparator.comparingDouble(Layer::sqnr)).orElseThrow();
    return start
        + String.format(
            Locale.ROOT,
            "the first to differ is `%s` (%.4f %% of its codes equal), the least alike `%s` (SQNR %.1f dB, %.2f %% equal, codes up to %d apart).",
            first.get().tensor(),
            first.get().equal(),
            least.tensor(),
            least.sqnr(),
            least.equal(),
            least.largest());
  }
}
