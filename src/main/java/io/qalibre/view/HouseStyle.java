package io.qalibre.view;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.List;
import org.knowm.xchart.internal.chartpart.AxesChart;
import org.knowm.xchart.internal.series.AxesChartSeries;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;

/** How every chart looks: the one place for sizes, fonts and colours. */
final class HouseStyle {
  /** The width of a chart that stands alone, in logical pixels. */
  static final int WIDTH = 760;

  /** The height of a chart that stands alone, in logical pixels. */
  static final int HEIGHT = 380;

  static final Color INK = new Color(0x333333);
  static final Color FAINT = new Color(0xE6E6E6);

  /**
   * Okabe and Ito's colours, which colour-blind readers tell apart (jfly.uni-koeln.de/color), the
   * strong ones first; their yellow, unreadable on white, is left out.
   */
  private static final Color[] PALETTE = {
    new Color(0x0072B2),
    new Color(0xD55E00),
    new Color(0x009E73),
    new Color(0xE69F00),
    new Color(0xCC79A7),
    new Color(0x56B4E9),
    new Color(0x000000)
  };

  private static final String FONT = Font.SANS_SERIF;
  private static final double CHARACTER = 7.2;
  private static final int LEGEND_SYMBOL = 52;

  private HouseStyle() {}

  /** The colour of the n-th series, from 0; they repeat. */
  static Color color(int index) {
    return PALETTE[Math.floorMod(index, PALETTE.length)];
  }

  /** The same colour, letting what is behind shine through: alpha from 0 (all) to 255 (nothing). */
  static Color translucent(Color color, int alpha) {
    return new Color(color.getRed(), color.getGreen(), color.getBlue(), alpha);
  }

  /** A plain stroke of this width. */
  static BasicStroke solid(float width) {
    return new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
  }

  /** A dashed stroke of this width. */
  static BasicStroke dashed(float width) {
    return new BasicStroke(
        width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_BEVEL, 1, new float[] {6, 4}, 0);
  }

  /** Gives a chart the house's look; the legend is laid out by {@link #legend}. */
  static void apply(AxesChart<? extends AxesChartStyler, ?> chart) {
    AxesChartStyler style = chart.getStyler();
    style.setChartBackgroundColor(Color.WHITE);
    style.setChartFontColor(INK);
    style.setChartPadding(12);
    style.setAntiAlias(true);
    style.setTextAntiAlias(true);
    style.setChartTitleFont(new Font(FONT, Font.BOLD, 15));
    style.setChartTitleBoxVisible(false);
    style.setChartTitlePadding(8);
    style.setChartTitleVisible(!chart.getTitle().isBlank());
    style.setPlotBackgroundColor(Color.WHITE);
    style.setPlotBorderVisible(false);
    style.setPlotContentSize(0.96);
    style.setPlotMargin(4);
    style.setPlotGridLinesColor(FAINT);
    style.setPlotGridLinesStroke(solid(1));
    style.setPlotTicksMarksVisible(false);
    style.setAxisTitleFont(new Font(FONT, Font.PLAIN, 13));
    style.setAxisTickLabelsFont(new Font(FONT, Font.PLAIN, 12));
    style.setAxisTickLabelsColor(INK);
    style.setAxisTicksLineVisible(false);
    style.setAxisTicksMarksVisible(false);
    style.setAxisTickPadding(6);
    style.setXAxisTitleColor(INK);
    style.setYAxisTitleColor(INK);
    style.setXAxisTitleVisible(!chart.getXAxisTitle().isBlank());
    style.setYAxisTitleVisible(!chart.getYAxisTitle().isBlank());
    style.setSeriesColors(PALETTE.clone());
    style.setMarkerSize(6);
    style.setLegendFont(new Font(FONT, Font.PLAIN, 12));
    style.setLegendBorderColor(Color.WHITE);
    style.setLegendBackgroundColor(Color.WHITE);
    style.setLegendPadding(8);
    style.setLegendSeriesLineLength(20);
  }

  /**
   * Puts the legend outside the plot: below it where the names fit in one line, to the right of it
   * otherwise; a single series that the title names already has none.
   */
  static void legend(AxesChart<? extends AxesChartStyler, ? extends AxesChartSeries> chart) {
    AxesChartStyler style = chart.getStyler();
    List<String> names =
        chart.getSeriesCollection().stream()
            .filter(AxesChartSeries::isShowInLegend)
            .map(AxesChartSeries::getLabel)
            .toList();
    double width = names.stream().mapToDouble(n -> LEGEND_SYMBOL + CHARACTER * n.length()).sum();
    boolean below = width < chart.getWidth() - 80;
    style.setLegendPosition(below ? LegendPosition.OutsideS : LegendPosition.OutsideE);
    style.setLegendLayout(below ? LegendLayout.Horizontal : LegendLayout.Vertical);
    style.setLegendVisible(!names.isEmpty());
  }
}
