package io.qalibre.view;

import io.qalibre.errors.QalibreException;
import java.util.Arrays;
import java.util.List;
import org.knowm.xchart.HorizontalBarChart;
import org.knowm.xchart.style.AxesChartStyler;

/** Draws a bar a name, as high as there are names. */
final class BarChart {
  private static final int LONGEST = 44;
  private static final int BAR = 24;
  private static final int REST = 110;

  private BarChart() {}

  static HorizontalBarChart of(String title, String label, List<String> names, double[] values) {
    if (names.size() != values.length || names.isEmpty()) {
      throw new QalibreException(
          ("bars `" + title + "`: " + names.size() + " names")
              + (" and " + values.length + " values, expected equally many, one or more"));
    }
    HorizontalBarChart chart =
        new HorizontalBarChart(HouseStyle.WIDTH, REST + BAR * Math.max(3, names.size()));
    chart.setTitle(title);
    chart.setXAxisTitle(label);
    chart.setYAxisTitle("");
    HouseStyle.apply(chart);
    List<Double> numbers = Arrays.stream(values).boxed().toList();
    List<String> labels = names.stream().map(BarChart::shortened).toList();
    chart
        .addSeries(label.isEmpty() ? "value" : label, numbers, labels)
        .setFillColor(HouseStyle.color(0));
    chart
        .getStyler()
        .setAvailableSpaceFill(0.72)
        .setLabelsVisible(true)
        .setLabelsPosition(1.06)
        .setLabelsFontColorAutomaticEnabled(false)
        .setLabelsFontColor(HouseStyle.INK)
        // XChart takes this hint for the names as well: less than a bar, so that none is left out.
        .setXAxisTickMarkSpacingHint(BAR * 3 / 4)
        .setXAxisDecimalPattern(pattern(values))
        .setYAxisLabelAlignment(AxesChartStyler.TextAlignment.Right)
        .setPlotGridHorizontalLinesVisible(false)
        .setLegendVisible(false);
    // Room for the number beside the longest bar on either side.
    double most = Arrays.stream(values).max().orElse(0);
    double least = Arrays.stream(values).min().orElse(0);
    double room = 0.1 * (Math.max(most, 0) - Math.min(least, 0));
    if (room > 0) {
      chart.getStyler().setXAxisMax(Math.max(most, 0) + (most > 0 ? room : 0));
      chart.getStyler().setXAxisMin(Math.min(least, 0) - (least < 0 ? room : 0));
    }
    return chart;
  }

  /** A pattern that gives the longest bar five significant digits. */
  private static String pattern(double[] values) {
    double most = Arrays.stream(values).map(Math::abs).filter(v -> v > 0).max().orElse(1);
    int decimals = 4 - (int) Math.floor(Math.log10(most));
    return "0." + "#".repeat(Math.max(1, Math.min(12, decimals)));
  }

  private static String shortened(String name) {
    if (name.length() <= LONGEST) {
      return name;
    }
    int half = (LONGEST - 1) / 2;
    return name.substring(0, half) + "…" + name.substring(name.length() - half);
  }
}
