package io.qalibre.view;

import io.qalibre.errors.QalibreException;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;
import org.knowm.xchart.internal.chartpart.IChart;

/**
 * Small pictures side by side, each with a few words below it; itself a chart.
 *
 * @param title a title over all of them, or an empty string
 * @param columns how many stand side by side, at least 1
 * @param pictures the pictures, row after row
 */
public record Montage(String title, int columns, List<Labelled> pictures) implements IChart {
  private static final int CELL = 76;
  private static final int LABEL = 20;
  private static final int GAP = 8;
  private static final int TITLE = 30;

  /** Checks that there is a picture, and copies the list. */
  public Montage {
    pictures = List.copyOf(pictures);
    if (pictures.isEmpty() || columns < 1) {
      throw new QalibreException("a montage needs a picture and a column");
    }
  }

  /**
   * A picture with its words.
   *
   * @param label the words
   * @param picture the picture; scaled to a square without smoothing
   */
  public record Labelled(String label, BufferedImage picture) {}

  /**
   * A picture from numbers, whatever their range: the smallest is black, the largest white.
   *
   * @param values channels × height × width, with one channel (grey) or three (red, green, blue)
   * @throws QalibreException if the numbers do not make such a picture
   */
  public static BufferedImage picture(float[] values, int channels, int height, int width) {
    if ((channels != 1 && channels != 3) || values.length != channels * height * width) {
      throw new QalibreException(
          values.length + " values are no picture of " + channels + "×" + height + "×" + width);
    }
    float min = Float.POSITIVE_INFINITY;
    float max = Float.NEGATIVE_INFINITY;
    for (float value : values) {
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
    float range = Math.max(max - min, Float.MIN_NORMAL);
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    int plane = height * width;
    for (int i = 0; i < plane; i++) {
      int color = 0;
      for (int c = 0; c < 3; c++) {
        float value = values[i + (channels == 3 ? c : 0) * plane];
        color = color << 8 | Math.round(255 * (value - min) / range);
      }
      image.setRGB(i % width, i / width, color);
    }
    return image;
  }

  @Override
  public void paint(Graphics2D graphics, int width, int height) {
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, width, height);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.setColor(HouseStyle.INK);
    if (!title.isBlank()) {
      graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
      centred(graphics, title, width / 2, TITLE - 9);
    }
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
    for (int i = 0; i < pictures.size(); i++) {
      int x = GAP + i % columns * (CELL + GAP);
      int y = top() + i / columns * (CELL + LABEL + GAP);
      graphics.drawImage(pictures.get(i).picture(), x, y, CELL, CELL, null);
      centred(graphics, pictures.get(i).label(), x + CELL / 2, y + CELL + LABEL - 6);
    }
  }

  private static void centred(Graphics2D graphics, String text, int x, int y) {
    graphics.drawString(text, x - graphics.getFontMetrics().stringWidth(text) / 2, y);
  }

  private int top() {
    return title.isBlank() ? GAP : TITLE;
  }

  @Override
  public int getWidth() {
    return GAP + Math.min(columns, pictures.size()) * (CELL + GAP);
  }

  @Override
  public int getHeight() {
    int rows = (pictures.size() + columns - 1) / columns;
    return top() + rows * (CELL + LABEL + GAP);
  }

  @Override
  public String getTitle() {
    return title;
  }
}
