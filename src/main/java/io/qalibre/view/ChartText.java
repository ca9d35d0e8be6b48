package io.qalibre.view;

import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.StringJoiner;
import java.util.stream.IntStream;
import org.knowm.xchart.HorizontalBarSeries;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.internal.chartpart.AxesChart;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.internal.chartpart.IChart;
import org.knowm.xchart.internal.series.Series;

/** Tells a chart in words. */
final class ChartText {
  private static final int BARS = 12;

  private ChartText() {}

  static String describe(IChart chart) {
    StringJoiner lines = new StringJoiner("\n");
    lines.setEmptyValue("chart");
    String heading = heading(chart);
    if (!heading.isBlank()) {
      lines.add(heading);
    }
    if (chart instanceof Panels panels) {
      panels.charts().forEach(panel -> lines.add(describe(panel)));
    } else if (chart instanceof Chart<?, ?> drawn) {
      for (Series series : drawn.getSeriesCollection()) {
        if (!series.getName().equals(Ticks.HIDDEN)) {
          lines.add("  " + series(series));
        }
      }
    }
    return lines.toString();
  }

  /** The title, or else what the values are. */
  private static String heading(IChart chart) {
    boolean untitled = chart.getTitle().isBlank();
    return untitled && chart instanceof AxesChart<?, ?> axes
        ? axes.getYAxisTitle()
        : chart.getTitle();
  }

  private static String series(Series series) {
    if (series instanceof XYSeries xy) {
      return xy(xy);
    }
    if (series instanceof HorizontalBarSeries bars) {
      return bars(bars);
    }
    return series.getLabel();
  }

  private static String xy(XYSeries series) {
    double[] x = series.getXData();
    double[] y = Arrays.stream(series.getYData()).filter(Double::isFinite).toArray();
    DoubleSummaryStatistics values = Arrays.stream(y).summaryStatistics();
    XYSeriesRenderStyle style = series.getXYSeriesRenderStyle().orElse(XYSeriesRenderStyle.Line);
    String name = series.getLabel();
    if (y.length == 0 || (y.length == 2 && x[0] == x[1])) {
      return name;
    }
    if (style == XYSeriesRenderStyle.PolygonArea && name.equals(HistogramChart.COUNTS)) {
      return name
          + (" from " + Numbers.format(x[0]) + " to " + Numbers.format(x[x.length - 1]))
          + (", at most " + Numbers.count((long) values.getMax()) + " in a bin");
    }
    String range =
        "min " + Numbers.format(values.getMin()) + ", max " + Numbers.format(values.getMax());
    return style == XYSeriesRenderStyle.PolygonArea
        ? name + ": " + range
        : name + ": n " + y.length + ", " + range + ", last " + Numbers.format(y[y.length - 1]);
  }

  private static String bars(HorizontalBarSeries series) {
    List<? extends Number> values = series.getXData();
    List<?> names = series.getYData();
    StringJoiner lines = new StringJoiner("\n    ");
    lines.add(series.getLabel() + ": n " + values.size());
    IntStream.rangeClosed(0, Math.min(values.size(), BARS) - 1)
        .forEach(i -> lines.add(names.get(i) + " " + Numbers.format(values.get(i).doubleValue())));
    if (values.size() > BARS) {
      lines.add("… " + (values.size() - BARS) + " more …");
    }
    return lines.toString();
  }
}
