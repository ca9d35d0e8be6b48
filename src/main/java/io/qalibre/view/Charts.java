package io.qalibre.view;

import io.qalibre.errors.QalibreException;
import java.awt.Color;
import java.util.Arrays;
import java.util.List;
import org.knowm.xchart.HorizontalBarChart;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.internal.chartpart.IChart;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * The kinds of charts, all in one style. What is returned is XChart's own chart, whose styler the
 * caller may still change.
 */
public final class Charts {
  private static final int POINTS_WITH_MARKERS = 30;

  private Charts() {}

  /**
   * Values over a quantity, such as the loss over steps.
   *
   * @param title the title, or an empty string
   * @param xLabel the horizontal quantity, or an empty string
   * @param yLabel the vertical quantity, or an empty string
   * @param lines the lines; those without a finite value are left out
   */
  public static XYChart lines(String title, String xLabel, String yLabel, List<Line> lines) {
    XYChart chart = xy(title, xLabel, yLabel);
    int color = 0;
    for (Line line : lines) {
      double[] y = Arrays.stream(line.y()).map(v -> Double.isFinite(v) ? v : Double.NaN).toArray();
      if (Arrays.stream(y).anyMatch(Double::isFinite)) {
        XYSeries series = chart.addSeries(line.name(), line.x(), y);
        series.setLineColor(HouseStyle.color(color)).setLineStyle(HouseStyle.solid(2.2f));
        series.setMarkerColor(HouseStyle.color(color));
        series.setMarker(
            y.length <= POINTS_WITH_MARKERS ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
      }
      color++;
    }
    Ticks.round(chart);
    // XChart writes 90.88000000000001 where its numbers stand at the values themselves.
    chart.setCustomYAxisTickLabelsFormatter(Numbers::format);
    HouseStyle.legend(chart);
    return chart;
  }

  /**
   * How often values occur.
   *
   * @param title the title, or an empty string
   * @param xLabel the quantity that was counted
   * @param centers the middles of the bins, increasing by equal steps
   * @param counts how many values fell into each bin, as many as centers
   * @param markers thresholds to draw as vertical lines; the legend gives their values
   * @throws QalibreException if there is no bin, or centers and counts differ in length
   */
  public static XYChart histogram(
      String title, String xLabel, double[] centers, long[] counts, List<Marker> markers) {
    return HistogramChart.of(xy(title, xLabel, "count"), centers, counts, markers);
  }

  /**
   * How often values occur, counts on a logarithmic axis: right for activations, whose peak at zero
   * hides everything else. A bin that holds one value is still seen.
   *
   * @param title the title, or an empty string
   * @param xLabel the quantity that was counted
   * @param centers the middles of the bins, increasing by equal steps
   * @param counts how many values fell into each bin, as many as centers
   * @param markers thresholds to draw as vertical lines; the legend gives their values
   * @throws QalibreException if there is no bin, or centers and counts differ in length
   */
  public static XYChart logHistogram(
      String title, String xLabel, double[] centers, long[] counts, List<Marker> markers) {
    XYChart chart = xy(title, xLabel, "count");
    chart.getStyler().setYAxisLogarithmic(true);
    return HistogramChart.of(chart, centers, counts, markers);
  }

  /**
   * A number for each of some named things, as horizontal bars from top to bottom.
   *
   * @param title the title, or an empty string
   * @param label what the numbers are
   * @param names the things; long names are cut in the middle
   * @param values their numbers, finite, as many as names
   * @throws QalibreException if there is no name, or names and values differ in length
   */
  public static HorizontalBarChart bars(
      String title, String label, List<String> names, double[] values) {
    return BarChart.of(title, label, names, values);
  }

  /**
   * The ranges of a row of things, such as the weights of each channel before and after a step.
   *
   * @param title the title, or an empty string
   * @param xLabel what the things are, such as {@code channel}; they count from 0
   * @param yLabel the quantity whose range it is
   * @param series the ranges; later ones are drawn over earlier ones
   */
  public static XYChart ranges(
      String title, String xLabel, String yLabel, List<RangeSeries> series) {
    XYChart chart = xy(title, xLabel, yLabel);
    // The first is what things were before: it steps back behind the others.
    int color = series.size() > 1 ? 1 : 0;
    for (RangeSeries ranges : series) {
      if (ranges.min().length > 0) {
        Color ink = HouseStyle.color(color);
        XYSeries outline = chart.addSeries(ranges.name(), Outline.x(ranges), Outline.y(ranges));
        outline.setXYSeriesRenderStyle(XYSeriesRenderStyle.PolygonArea);
        outline.setFillColor(HouseStyle.translucent(ink, 150));
        outline.setLineColor(HouseStyle.translucent(ink, 0)).setLineStyle(HouseStyle.solid(0.1f));
        outline.setMarker(SeriesMarkers.NONE);
      }
      color = color == 1 ? 0 : Math.max(2, color + 1);
    }
    Ticks.wholeNumbers(chart, series.stream().mapToInt(r -> r.min().length).max().orElse(0));
    HouseStyle.legend(chart);
    return chart;
  }

  /**
   * Charts side by side in one picture.
   *
   * @param title a title over all of them, or an empty string
   * @param charts one to three charts
   */
  public static Panels row(String title, List<? extends IChart> charts) {
    return Panels.of(title, Math.max(1, charts.size()), charts);
  }

  /**
   * Charts in one picture, row after row.
   *
   * @param title a title over all of them, or an empty string
   * @param columns how many stand side by side, 1 or more
   * @param charts the charts
   */
  public static Panels grid(String title, int columns, List<? extends IChart> charts) {
    return Panels.of(title, columns, charts);
  }

  /**
   * The chart in words, for where pictures are not shown: title, and for each series its length,
   * least, greatest and last value.
   *
   * @param chart a chart, of this class or any other
   * @return lines separated by line feeds
   */
  public static String describe(IChart chart) {
    return ChartText.describe(chart);
  }

  private static XYChart xy(String title, String xLabel, String yLabel) {
    XYChart chart = new XYChart(HouseStyle.WIDTH, HouseStyle.HEIGHT);
    chart.setTitle(title);
    chart.setXAxisTitle(xLabel);
    chart.setYAxisTitle(yLabel);
    HouseStyle.apply(chart);
    return chart;
  }
}
