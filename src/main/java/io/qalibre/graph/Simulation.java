package io.qalibre.graph;

import io.qalibre.errors.UnknownNameException;
import io.qalibre.quant.FakeQuantizer;
import io.qalibre.quant.NumberFormat;
import io.qalibre.quant.TensorEncoding;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A graph with the encodings of its quantizers. A float network is a graph without quantizers and
 * without encodings.
 *
 * @param graph the graph
 * @param encodings the encoding of each quantizer, by {@link QuantizerNode#id()}
 */
public record Simulation(Graph graph, Map<String, TensorEncoding> encodings) {
  /** Copies the map, keeping its order. */
  public Simulation {
    encodings = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(encodings));
  }

  /** A graph without encodings. */
  public static Simulation of(Graph graph) {
    return new Simulation(graph, Map.of());
  }

  /**
   * The encoding of a quantizer.
   *
   * @throws UnknownNameException if it has none
   */
  public TensorEncoding encoding(String id) {
    @Nullable TensorEncoding encoding = encodings.get(id);
    if (encoding == null) {
      throw new UnknownNameException("encoding", id, graph.name(), encodings.keySet());
    }
    return encoding;
  }

  /**
   * What an enabled quantizer that reads an initializer writes.
   *
   * @throws UnknownNameException if it rounds to a grid and has no encoding
   */
  public Tensor rounded(QuantizerNode quantizer) {
    Tensor value = graph.initializer(quantizer.input());
    NumberFormat format = quantizer.spec().format();
    if (format.floating()) {
      return HalfFloats.rounded(value);
    }
    TensorEncoding encoding = encoding(quantizer.id());
    return Tensor.of(
        FakeQuantizer.apply(value.floats(), value.sizes(), encoding, format.rounding()),
        value.sizes());
  }
}
