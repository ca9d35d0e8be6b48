package io.qalibre;

import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.view.Tables;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import tech.tablesaw.api.Table;

/** The encodings of a simulation as tables. */
final class EncodingTables {
  private EncodingTables() {}

  /** A row a tensor that is quantized to a grid. */
  static Table all(Simulation simulation) {
    record Row(QuantizerNode quantizer, TensorEncoding encoding) {}
    List<Row> rows =
        simulation.graph().quantizers().stream()
            .filter(q -> q.enabled() && !q.spec().format().floating())
            .map(q -> new Row(q, simulation.encoding(q.id())))
            .toList();
    return Tables.of("Encodings", rows)
        .text("tensor", r -> r.quantizer.tensor())
        .text("kind", r -> r.quantizer.placement().kind().name().toLowerCase(Locale.ROOT))
        .integer("bitwidth", r -> r.encoding.bitwidth())
        .flag("symmetric", r -> r.encoding.first().symmetric())
        .integer("channels", r -> r.encoding.grids().size())
        .number("min", r -> r.encoding.min())
        .number("max", r -> r.encoding.max())
        .number(
            "scale",
            r -> r.encoding.grids().stream().mapToDouble(Encoding::scale).max().orElseThrow())
        .integer("offset", r -> r.encoding.first().offset())
        .build();
  }

  /** A row a channel of a tensor. */
  static Table channels(String tensor, TensorEncoding encoding) {
    List<Encoding> channels = encoding.grids();
    return Tables.titled("Encodings of " + tensor)
        .integer("channel", IntStream.range(0, channels.size()).asLongStream().toArray())
        .number("min", channels.stream().mapToDouble(Encoding::min).toArray())
        .number("max", channels.stream().mapToDouble(Encoding::max).toArray())
        .number("scale", channels.stream().mapToDouble(Encoding::scale).toArray())
        .integer("offset", channels.stream().mapToLong(Encoding::offset).toArray())
        .build();
  }
}
