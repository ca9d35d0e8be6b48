package io.qalibre.view;

import io.qalibre.errors.QalibreException;
import java.awt.Color;
import java.util.Arrays;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws bins as one stepped area, and thresholds as dashed lines named in the legend. */
final class HistogramChart {
  /** More bins than this are narrower than the eye needs; neighbours are joined. */
  private static final int BINS = 256;

  /** Where a logarithmic axis begins, below one value in a bin. */
  private static final double FLOOR = 0.5;

  /** The name of the bins' series, which the legend leaves out. */
  static final String COUNTS = "counts";

  private HistogramChart() {}

  static XYChart of(XYChart chart, double[] centers, long[] counts, List<Marker> markers) {
    if (centers.length != counts.length || counts.length == 0) {
      throw new QalibreException(
          ("histogram `" + chart.getTitle() + "`: " + centers.length + " bins")
              + (" and " + counts.length + " counts, expected equally many, one or more"));
    }
    double floor = chart.getStyler().isYAxisLogarithmic() ? FLOOR : 0;
    int joined = (counts.length + BINS - 1) / BINS;
    double step =
        counts.length == 1 ? 1 : (centers[centers.length - 1] - centers[0]) / (counts.length - 1);
    int bins = (counts.length + joined - 1) / joined;
    double[] x = new double[2 * bins + 2];
    double[] y = new double[2 * bins + 2];
    long top = 0;
    for (int bin = 0; bin < bins; bin++) {
      int first = bin * joined;
      int last = Math.min(counts.length, first + joined) - 1;
      long count = Arrays.stream(counts, first, last + 1).sum();
      top = Math.max(top, count);
      x[2 * bin + 1] = centers[first] - step / 2;
      x[2 * bin + 2] = centers[last] + step / 2;
      y[2 * bin + 1] = Math.max(floor, (double) count);
      y[2 * bin + 2] = Math.max(floor, (double) count);
    }
    x[0] = x[1];
    x[x.length - 1] = x[x.length - 2];
    y[0] = floor;
    y[y.length - 1] = floor;
    double ceiling = floor == 0 ? 1.05 * Math.max(1, top) : 1.6 * Math.max(1, top);
    area(chart, x, y);
    chart.setYAxisTitle("count (of " + Numbers.count(Arrays.stream(counts).sum()) + ")");
    for (int i = 0; i < markers.size(); i++) {
      marker(chart, markers.get(i), HouseStyle.color(i + 1), new double[] {floor, ceiling});
    }
    chart.getStyler().setYAxisMin(floor).setYAxisMax(ceiling);
    chart.getStyler().setYAxisDecimalPattern("#,##0.#").setYAxisLogarithmicDecadeOnly(true);
    Ticks.round(chart);
    HouseStyle.legend(chart);
    return chart;
  }

  private static void area(XYChart chart, double[] x, double[] y) {
    Color ink = HouseStyle.color(0);
    XYSeries area = chart.addSeries(COUNTS, x, y);
    area.setXYSeriesRenderStyle(XYSeriesRenderStyle.PolygonArea);
    area.setFillColor(HouseStyle.translucent(ink, 120));
    area.setLineColor(ink).setLineStyle(HouseStyle.solid(1));
    area.setMarker(SeriesMarkers.NONE).setShowInLegend(false);
  }

  private static void marker(XYChart chart, Marker marker, Color color, double[] fromTo) {
    String name = marker.label() + " " + Numbers.format(marker.value());
    if (chart.getSeries(name) == null) {
      double[] x = {marker.value(), marker.value()};
      XYSeries line = chart.addSeries(name, x, fromTo);
      line.setXYSeriesRenderStyle(XYSeriesRenderStyle.Line);
      line.setLineColor(color).setLineStyle(HouseStyle.dashed(1.8f));
      line.setMarker(SeriesMarkers.NONE);
    }
  }
}
