package io.qalibre;

import io.qalibre.quant.Encoding;
import io.qalibre.quant.Histogram;
import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Marker;
import io.qalibre.view.Tables;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import tech.tablesaw.api.Table;

/**
 * The values of a tensor and the thresholds between which its quantizer keeps them.
 *
 * @param tensor the tensor's name
 * @param histogram the values seen
 * @param encoding the grid
 */
public record TensorHistogram(String tensor, Histogram histogram, Encoding encoding)
    implements Charted {

  /** The share of values that the grid clips, 0 to 1. */
  public double clipped() {
    // A value up to half a step beyond an end is rounded to it, not clipped.
    double half = encoding.scale() / 2;
    return histogram.shareOutside(encoding.min() - half, encoding.max() + half);
  }

  /** One row: how many values, the grid, the share clipped. */
  @Override
  public Table table() {
    return Tables.titled("Histogram of " + tensor)
        .integer("values", new long[] {histogram.total()})
        .number("min", new double[] {encoding.min()})
        .number("max", new double[] {encoding.max()})
        .number("scale", new double[] {encoding.scale()})
        .number("clipped %", new double[] {100 * clipped()})
        .build();
  }

  /** The counts on a logarithmic axis, with the thresholds drawn. */
  @Override
  public XYChart chart() {
    long[] counts = histogram.counts();
    double[] centers = histogram.centers();
    int first = 0;
    int last = counts.length - 1;
    while (first < last && counts[first] == 0 && centers[first] < encoding.min()) {
      first++;
    }
    while (last > first && counts[last] == 0 && centers[last] > encoding.max()) {
      last--;
    }
    return Charts.logHistogram(
        String.format(Locale.ROOT, "%s: %.2g %% clipped", tensor, 100 * clipped()),
        "value",
        Arrays.copyOfRange(centers, first, last + 1),
        Arrays.copyOfRange(counts, first, last + 1),
        List.of(new Marker("min", encoding.min()), new Marker("max", encoding.max())));
  }
}
