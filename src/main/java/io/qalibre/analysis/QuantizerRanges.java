package io.qalibre.analysis;

import io.qalibre.engine.Calibrator;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Range;
import io.qalibre.quant.Statistics;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.view.Charts;
import io.qalibre.view.Panels;
import io.qalibre.view.RangeSeries;
import io.qalibre.view.Tables;
import io.qalibre.view.Viewable;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tech.tablesaw.api.Table;

/**
 * The smallest and largest values of what is quantized, beside the ends of the grids.
 *
 * @param network the network's name
 * @param rows the quantizers in order of execution
 */
public record QuantizerRanges(String network, List<Row> rows) implements Viewable {
  /** Copies the list. */
  public QuantizerRanges {
    rows = List.copyOf(rows);
  }

  /**
   * A quantizer.
   *
   * @param tensor what it quantizes
   * @param kind {@code activation}, {@code weight} or {@code bias}
   * @param operator the type of the operator that the tensor belongs to
   * @param seen the range of the values; null for activations whose encodings come from a file
   * @param grid the ends of the grid, of several channels the outermost ones
   */
  public record Row(String tensor, String kind, String operator, @Nullable Range seen, Range grid) {
    private double min() {
      return seen == null ? Double.NaN : seen.min();
    }

    private double max() {
      return seen == null ? Double.NaN : seen.max();
    }
  }

  /**
   * Reads them off a simulation.
   *
   * @param simulation the simulation, with encodings
   * @param statistics what activations' quantizers have seen, by {@link Calibrator#keys}
   */
  public static QuantizerRanges of(Simulation simulation, Map<String, Statistics> statistics) {
    Graph graph = simulation.graph();
    Map<String, String> keys = Calibrator.keys(graph);
    List<Row> rows =
        graph.quantizers().stream()
            .filter(q -> q.enabled() && !q.spec().format().floating())
            .map(q -> row(simulation, q, seen(simulation, q, statistics.get(keys.get(q.id())))))
            .toList();
    return new QuantizerRanges(graph.name(), rows);
  }

  private static @Nullable Range seen(
      Simulation simulation, QuantizerNode quantizer, @Nullable Statistics statistics) {
    if (simulation.graph().isInitializer(quantizer.input())) {
      return Range.of(simulation.graph().initializer(quantizer.input()).floats());
    }
    return Optional.ofNullable(statistics).map(Statistics::range).orElse(null);
  }

  private static Row row(Simulation simulation, QuantizerNode quantizer, @Nullable Range seen) {
    TensorEncoding encoding = simulation.encoding(quantizer.id());
    return new Row(
        quantizer.tensor(),
        quantizer.placement().kind().name().toLowerCase(Locale.ROOT),
        quantizer.placement().operator(),
        seen,
        new Range(encoding.min(), encoding.max()));
  }

  /** A row a quantizer. */
  @Override
  public Table table() {
    return Tables.of("Ranges of what " + network + " quantizes", rows)
        .text("tensor", Row::tensor)
        .text("kind", Row::kind)
        .text("operator", Row::operator)
        .number("min", Row::min)
        .number("max", Row::max)
        .number("grid min", row -> row.grid.min())
        .number("grid max", row -> row.grid.max())
        .build();
  }

  /** The ranges along the network, of parameters and of activations, with the ends of the grids. */
  public Panels chart() {
    return Charts.grid(
        "Ranges of what " + network + " quantizes",
        1,
        Stream.of("parameters", "activations")
            .filter(kind -> !of(kind).isEmpty())
            .map(kind -> Charts.ranges("", kind + ", in order", "value", series(of(kind))))
            .toList());
  }

  private List<Row> of(String kinds) {
    return rows.stream()
        .filter(row -> row.kind.equals("activation") == kinds.equals("activations"))
        .toList();
  }

  private static List<RangeSeries> series(List<Row> rows) {
    RangeSeries grid =
        new RangeSeries(
            "grid",
            rows.stream().mapToDouble(row -> row.grid.min()).toArray(),
            rows.stream().mapToDouble(row -> row.grid.max()).toArray());
    if (rows.stream().anyMatch(row -> row.seen == null)) {
      return List.of(grid);
    }
    return List.of(
        new RangeSeries(
            "values",
            rows.stream().mapToDouble(Row::min).toArray(),
            rows.stream().mapToDouble(Row::max).toArray()),
        grid);
  }
}
