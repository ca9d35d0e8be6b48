package io.qalibre.analysis;

import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Line;
import io.qalibre.view.Numbers;
import io.qalibre.view.RowTableBuilder;
import io.qalibre.view.Tables;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.knowm.xchart.XYChart;
import tech.tablesaw.api.Table;

/**
 * Accuracy against bit operations: what mixed precisions were measured, and which was chosen.
 *
 * @param network the network's name
 * @param measures how answers were judged; the first one orders
 * @param points what was measured, the dearest first
 * @param chosen the point that was chosen
 * @param layers the layers in the groups that have one precision each, with the chosen one
 * @param run how far the work went
 */
public record PrecisionFront(
    String network,
    List<Measure> measures,
    List<Point> points,
    Point chosen,
    List<Layers> layers,
    Sensitivity.Run run)
    implements Charted {
  /** Copies the lists. */
  public PrecisionFront {
    measures = List.copyOf(measures);
    points = List.copyOf(points);
    layers = List.copyOf(layers);
  }

  /**
   * A choice of precisions.
   *
   * @param name such as {@code uniform W8A8} or {@code 12 W4A8, 30 W8A8}: how many groups have
   *     which
   * @param uniform whether all groups have the same precision
   * @param bitOperations the share of W8A8's bit operations
   * @param values a value for each measure
   * @param harm how much worse than in floats the answers are by the first measure
   */
  public record Point(
      String name, boolean uniform, double bitOperations, List<Double> values, double harm) {
    /** Copies the list. */
    public Point {
      values = List.copyOf(values);
    }

    /** Whether it is at least as good and as cheap as another one, and better in one of both. */
    public boolean dominates(Point other) {
      return harm <= other.harm
          && bitOperations <= other.bitOperations
          && (harm < other.harm || bitOperations < other.bitOperations);
    }

    static String name(Map<PrecisionGroup, Precision> choice) {
      Map<Precision, Long> counts =
          choice.values().stream().collect(Collectors.groupingBy(p -> p, Collectors.counting()));
      return counts.entrySet().stream()
          .sorted(
              Comparator.comparingInt(
                  (Map.Entry<Precision, Long> entry) -> entry.getKey().product()))
          .map(e -> counts.size() == 1 ? "uniform " + e.getKey() : e.getValue() + " " + e.getKey())
          .collect(Collectors.joining(", "));
    }
  }

  /**
   * Layers that have one precision, since they read the same tensor.
   *
   * @param names the layers
   * @param precision what was chosen for them
   * @param macs their share of all multiply-accumulates, in percent
   * @param alone for each candidate, by its name, how much worse the answers are when these layers
   *     alone are quantized so
   */
  public record Layers(
      List<String> names, Precision precision, double macs, Map<String, Double> alone) {
    /** Copies list and map. */
    public Layers {
      names = List.copyOf(names);
      alone = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(alone));
    }
  }

  /** The points that no other one dominates, the dearest first. */
  public List<Point> front() {
    return points.stream().filter(p -> points.stream().noneMatch(q -> q.dominates(p))).toList();
  }

  /** A row a point that was measured, the dearest first. */
  @Override
  public Table table() {
    List<Point> front = front();
    RowTableBuilder<Point> table =
        Tables.of("Mixed precision of %s (%s)".formatted(network, run.label()), points)
            .text("layers", Point::name)
            .number("bit operations, of W8A8", p -> Math.round(1e4 * p.bitOperations) / 1e4);
    for (int i = 0; i < measures.size(); i++) {
      int at = i;
      table.number(Sensitivity.title(measures.get(i)), p -> Sensitivity.rounded(p.values.get(at)));
    }
    return table.flag("front", front::contains).flag("chosen", chosen::equals).build();
  }

  /** A row a group of layers: the precision chosen, and what it loses at each when alone. */
  public Table choices() {
    RowTableBuilder<Layers> table =
        Tables.of(
                "Precision of the layers of %s, and what each alone does: %s"
                    .formatted(network, measures.get(0).harmLabel()),
                layers)
            .text("layers", l -> String.join(", ", l.names))
            .text("precision", l -> l.precision.toString())
            .number("MACs, %", l -> Numbers.hundredths(l.macs));
    for (String candidate : layers.get(0).alone.keySet()) {
      table.number(
          candidate + " alone",
          l -> Sensitivity.rounded(l.alone.getOrDefault(candidate, Double.NaN)));
    }
    return table.build();
  }

  /** The front, the uniform precisions and the point chosen. */
  @Override
  public XYChart chart() {
    List<Line> lines = new ArrayList<>();
    lines.add(line("front", front()));
    lines.add(line("uniform", points.stream().filter(Point::uniform).toList()));
    lines.add(line("chosen", List.of(chosen)));
    return Charts.lines(
        "Mixed precision of " + network,
        "bit operations, of W8A8",
        Sensitivity.title(measures.get(0)),
        lines);
  }

  private static Line line(String name, List<Point> points) {
    List<Point> rising =
        points.stream().sorted(Comparator.comparingDouble(Point::bitOperations)).toList();
    return new Line(
        name,
        rising.stream().mapToDouble(Point::bitOperations).toArray(),
        rising.stream().mapToDouble(p -> p.values.get(0)).toArray());
  }

  /** In a few words: what was chosen. */
  public String summary() {
    return String.format(
        Locale.ROOT,
        "%s: %.3g of W8A8's bit operations, %s %s%s",
        chosen.name,
        chosen.bitOperations,
        measures.get(0).label(),
        Numbers.format(Sensitivity.rounded(chosen.values.get(0))),
        run.interrupted() ? ", interrupted" : "");
  }

  @Override
  public String toString() {
    return "Mixed precision of " + network + ": " + summary();
  }
}
