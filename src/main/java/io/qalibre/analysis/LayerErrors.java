package io.qalibre.analysis;

import io.qalibre.errors.UnknownNameException;
import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Line;
import io.qalibre.view.Numbers;
import io.qalibre.view.Tables;
import java.util.Comparator;
import java.util.List;
import org.knowm.xchart.XYChart;
import tech.tablesaw.api.Table;

/**
 * How far a quantized network's tensors are from the float network's, along the network: errors of
 * earlier layers are in those of later ones.
 *
 * @param network the network's name
 * @param rows the tensors in order of execution
 * @param run how far the work went
 */
public record LayerErrors(String network, List<Row> rows, Sensitivity.Run run) implements Charted {
  /** Copies the list. */
  public LayerErrors {
    rows = List.copyOf(rows);
  }

  /**
   * A tensor.
   *
   * @param tensor its name
   * @param operator the type of the operator that writes it; {@code input} for the network's inputs
   * @param mse the mean of squared differences over all elements and samples
   * @param sqnr ten times the logarithm of what the float values, squared and summed, are to the
   *     squared differences, in dB; infinite where there are none
   */
  public record Row(String tensor, String operator, double mse, double sqnr) {}

  /** The tensor whose signal is smallest beside its noise. */
  public Row worst() {
    return rows.stream().min(Comparator.comparingDouble(Row::sqnr)).orElseThrow();
  }

  /**
   * A tensor.
   *
   * @throws UnknownNameException if there is none of that name
   */
  public Row row(String tensor) {
    return rows.stream()
        .filter(row -> row.tensor.equals(tensor))
        .findFirst()
        .orElseThrow(
            () ->
                new UnknownNameException(
                    "quantized tensor", tensor, network, rows.stream().map(Row::tensor).toList()));
  }

  /** A row a tensor, in order of execution. */
  @Override
  public Table table() {
    return Tables.of("Errors along %s (%s)".formatted(network, run.label()), rows)
        .text("tensor", Row::tensor)
        .text("operator", Row::operator)
        .number("MSE", Row::mse)
        .number("SQNR, dB", row -> Numbers.hundredths(row.sqnr))
        .build();
  }

  /** The ratio of signal to noise along the network. */
  @Override
  public XYChart chart() {
    return Charts.lines(
        "Signal to noise along " + network,
        "quantized tensor, in order of execution",
        "SQNR, dB",
        List.of(Line.byIndex("SQNR", rows.stream().mapToDouble(Row::sqnr).toArray())));
  }

  @Override
  public String toString() {
    return "Errors along %s: %d tensors, lowest SQNR %s dB at %s (%s)"
        .formatted(network, rows.size(), Numbers.format(worst().sqnr), worst().tensor, run.label());
  }
}
