package io.qalibre.view;

import java.util.Arrays;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Where the axes have their numbers. */
final class Ticks {
  /** As many positions as there is room for numbers: each may have its own. */
  private static final int FEW = 20;

  /** The name of a series that is not to be seen. */
  static final String HIDDEN = " ";

  private Ticks() {}

  /**
   * Lets round numbers stand on the horizontal axis. XChart puts its numbers at the positions of
   * the data where these are equally spaced: right for three epochs, but 0, 136, 272, … for every
   * fourth step. A point between two positions, which is not drawn, makes it choose round numbers.
   */
  static void round(XYChart chart) {
    double[] x =
        chart.getSeriesCollection().stream()
            .flatMapToDouble(s -> Arrays.stream(s.getXData()))
            .sorted()
            .distinct()
            .toArray();
    if (x.length > FEW) {
      hidden(chart, x[0] + 0.37 * (x[1] - x[0]));
    }
  }

  /** Keeps the numbers on the horizontal axis one apart or more where there are few things. */
  static void wholeNumbers(XYChart chart, int things) {
    int apart = chart.getWidth() * 9 / 10 / Math.max(1, things);
    int usual = chart.getStyler().getXAxisTickMarkSpacingHint();
    chart.getStyler().setXAxisTickMarkSpacingHint(Math.max(usual, apart));
  }

  private static void hidden(XYChart chart, double x) {
    double y = chart.getSeriesCollection().stream().findFirst().orElseThrow().getYMin();
    XYSeries point = chart.addSeries(HIDDEN, new double[] {x}, new double[] {y});
    point.setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
    point.setMarker(SeriesMarkers.NONE).setShowInLegend(false);
  }
}
