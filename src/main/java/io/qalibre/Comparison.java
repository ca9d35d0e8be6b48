package io.qalibre;

import io.qalibre.engine.Accuracy;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.view.Numbers;
import io.qalibre.view.Tables;
import io.qalibre.view.Viewable;
import java.util.List;
import tech.tablesaw.api.Table;

/**
 * Accuracies on the same samples.
 *
 * @param rows the networks in order, the reference first
 */
public record Comparison(List<Row> rows) implements Viewable {
  /** Copies the rows. */
  public Comparison {
    rows = List.copyOf(rows);
  }

  /**
   * A network's accuracy.
   *
   * @param name its name in the table
   * @param accuracy what was measured
   */
  public record Row(String name, Accuracy accuracy) {}

  /**
   * A network's accuracy.
   *
   * @throws UnknownNameException if there is none of that name
   */
  public Accuracy accuracy(String name) {
    return rows.stream()
        .filter(r -> r.name().equals(name))
        .findFirst()
        .map(Row::accuracy)
        .orElseThrow(
            () ->
                new UnknownNameException(
                    "network", name, "the comparison", rows.stream().map(Row::name).toList()));
  }

  /**
   * A row a network: top-1 in percent with its standard error, and the difference from the
   * reference with the standard error of the paired difference.
   */
  @Override
  public Table table() {
    Accuracy reference = rows.get(0).accuracy();
    return Tables.of("Accuracy on the same " + reference.n() + " samples", rows)
        .text("network", Row::name)
        .number("top-1 %", r -> Numbers.hundredths(r.accuracy().top1()))
        .number("± standard error", r -> Numbers.hundredths(r.accuracy().standardError()))
        .number("top-5 %", r -> Numbers.hundredths(r.accuracy().top5()))
        .number("difference", r -> Numbers.hundredths(r.accuracy().top1() - reference.top1()))
        .number("± paired", r -> Numbers.hundredths(r.accuracy().pairedStandardError(reference)))
        .integer("n", r -> r.accuracy().n())
        .build();
  }

  @Override
  public String toString() {
    return table().print();
  }
}
