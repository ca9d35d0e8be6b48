package io.qalibre;

import io.qalibre.engine.Calibrator;
import io.qalibre.errors.QalibreException;
import io.qalibre.export.StatisticsFile;
import io.qalibre.graph.Graph;
import io.qalibre.quant.Histogram;
import io.qalibre.quant.Statistics;
import io.qalibre.view.Tables;
import io.qalibre.view.Viewable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tech.tablesaw.api.Table;

/**
 * What the quantizers of activations have seen of samples: an immutable value whose size does not
 * depend on their number. It serves every scheme, can be saved, gone on with, and merged.
 *
 * @param statistics what each quantizer has seen, by tensor; quantizers that share a range by the
 *     names of all their tensors, such as {@code conv + relu}; see {@link Calibrator#keys}
 */
public record Calibration(Map<String, Statistics> statistics) implements Viewable {
  /** Nothing seen. */
  public static final Calibration NONE = new Calibration(Map.of());

  /** Copies the map, keeping its order. */
  public Calibration {
    statistics = Collections.unmodifiableMap(new LinkedHashMap<>(statistics));
  }

  /**
   * The same bins with nothing counted in them. Bins are fixed by the first batch that a
   * calibration sees; parts of the data that are calibrated from common bins, wherever that is,
   * merge: {@code sim.calibrate(part, first.bins())}.
   */
  public Calibration bins() {
    Map<String, Statistics> empty = new LinkedHashMap<>();
    statistics.forEach(
        (name, seen) -> {
          Histogram counted = seen.histogram();
          empty.put(
              name,
              new Statistics(
                  seen.range(), counted == null ? null : Histogram.empty(counted.grid())));
        });
    return new Calibration(empty);
  }

  /**
   * What both have seen, in any order.
   *
   * @throws QalibreException if they have counted in different bins, naming the tensor
   */
  public Calibration merge(Calibration other) {
    Map<String, Statistics> both = new LinkedHashMap<>(statistics);
    other.statistics.forEach((name, seen) -> both.merge(name, seen, (a, b) -> merge(name, a, b)));
    return new Calibration(both);
  }

  private static Statistics merge(String name, Statistics one, Statistics two) {
    try {
      return one.merge(two);
    } catch (IllegalArgumentException e) {
      throw new QalibreException("`" + name + "`: " + e.getMessage() + "; see bins()", e);
    }
  }

  /**
   * The same for a graph in which some tensors are called otherwise: its activations' quantizers
   * are those of the other one, in the same order.
   */
  Calibration renamed(Graph before, Graph after) {
    List<String> now = List.copyOf(Calibrator.keys(after).values());
    Map<String, Statistics> renamed = new LinkedHashMap<>();
    int i = 0;
    for (String key : Calibrator.keys(before).values()) {
      Statistics seen = statistics.get(key);
      if (seen != null) {
        renamed.put(now.get(i), seen);
      }
      i++;
    }
    return new Calibration(renamed);
  }

  /**
   * Writes it to a JSON file, which appears whole or not at all.
   *
   * @throws QalibreException if the file cannot be written
   */
  public void save(Path file) {
    StatisticsFile.write(statistics, file);
  }

  /**
   * Reads a file that {@link #save} wrote.
   *
   * @throws QalibreException if there is none, or it is of another kind
   */
  public static Calibration load(Path file) {
    return new Calibration(StatisticsFile.read(file));
  }

  /** A row a quantizer: its tensors, the range of what it has seen, how many values and batches. */
  @Override
  public Table table() {
    List<Map.Entry<String, Statistics>> rows = new ArrayList<>(statistics.entrySet());
    return Tables.of("Calibration", rows)
        .text("tensor", Map.Entry::getKey)
        .number("min", row -> row.getValue().range().min())
        .number("max", row -> row.getValue().range().max())
        .integer("values", row -> values(row.getValue()))
        .build();
  }

  private static long values(Statistics seen) {
    return seen.histogram() == null ? 0 : seen.histogram().total();
  }

  @Override
  public String toString() {
    return "Calibration of " + statistics.size() + " quantizers";
  }
}
