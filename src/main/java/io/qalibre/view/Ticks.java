package io.qalibre.view;

import java.util.Arrays;
import java.util.Optional;
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
      Optional<XYSeries> some = chart.getSeriesCollection().stream().findFirst();
      double y = some.orElseThrow().getYMin();
      XYSeries between =
          chart.addSeries(HIDDEN, new double[] {x[0] + 0.37 * (x[1] - x[0])}, new double[] {y});
      between.setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
      between.setMarker(SeriesMarkers.NONE).setShowInLegend(false);
    }
  }
}
