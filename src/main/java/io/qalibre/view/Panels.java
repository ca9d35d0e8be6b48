package io.qalibre.view;

import io.qalibre.errors.QalibreException;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.util.List;
import org.knowm.xchart.internal.chartpart.IChart;

/**
 * Several charts in one picture, itself a chart.
 *
 * @param title a title over all of them, or an empty string
 * @param columns how many stand side by side
 * @param charts the charts, row after row
 * @param panelWidth the width of each, in logical pixels
 * @param panelHeight the height of each, in logical pixels
 */
public record Panels(
    String title, int columns, List<IChart> charts, int panelWidth, int panelHeight)
    implements IChart {
  private static final int WIDEST = 1000;
  private static final int TITLE = 34;

  /**
   * Checks that there is a chart and a column, and copies the list.
   *
   * @throws QalibreException if there is no chart or no column
   */
  public Panels {
    charts = List.copyOf(charts);
    if (charts.isEmpty() || columns < 1) {
      throw new QalibreException(
          ("panels `" + title + "`: " + charts.size() + " charts in " + columns + " columns")
              + ", expected one or more of both");
    }
  }

  static Panels of(String title, int columns, List<? extends IChart> charts) {
    int width = Math.min(HouseStyle.WIDTH, WIDEST / Math.max(1, columns));
    int height = columns == 1 ? HouseStyle.HEIGHT : Math.min(HouseStyle.HEIGHT, width * 7 / 10);
    return new Panels(title, columns, List.copyOf(charts), width, Math.max(280, height));
  }

  @Override
  public void paint(Graphics2D graphics, int width, int height) {
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, width, height);
    if (!title.isBlank()) {
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      graphics.setColor(HouseStyle.INK);
      graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 16));
      int left = (width - graphics.getFontMetrics().stringWidth(title)) / 2;
      graphics.drawString(title, left, TITLE - 10);
    }
    int top = top();
    int panelWidth = width / columns;
    int panelHeight = (height - top) / rows();
    for (int i = 0; i < charts.size(); i++) {
      int x = i % columns * panelWidth;
      int y = top + i / columns * panelHeight;
      Graphics2D panel = (Graphics2D) graphics.create(x, y, panelWidth, panelHeight);
      charts.get(i).paint(panel, panelWidth, panelHeight);
      panel.dispose();
    }
  }

  @Override
  public int getWidth() {
    return panelWidth * columns;
  }

  @Override
  public int getHeight() {
    return top() + panelHeight * rows();
  }

  @Override
  public String getTitle() {
    return title;
  }

  private int rows() {
    return (charts.size() + columns - 1) / columns;
  }

  private int top() {
    return title.isBlank() ? 0 : TITLE;
  }
}
