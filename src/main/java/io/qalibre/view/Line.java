package io.qalibre.view;

import io.qalibre.errors.QalibreException;

/**
 * A line of a chart.
 *
 * @param name its name in the legend
 * @param x the horizontal positions, increasing
 * @param y the values, as many as x; a value that is not finite leaves a gap
 */
@SuppressWarnings("ArrayRecordComponent") // Copied in; thousands of points are no list.
public record Line(String name, double[] x, double[] y) {
  /**
   * Checks the lengths and copies the arrays.
   *
   * @throws QalibreException if x and y differ in length
   */
  public Line {
    if (x.length != y.length) {
      throw new QalibreException(
          "line `" + name + "`: " + x.length + " positions but " + y.length + " values");
    }
    x = x.clone();
    y = y.clone();
  }

  /**
   * A line over 1, 2, 3, …
   *
   * @param name its name in the legend
   * @param y the values
   */
  public static Line of(String name, double... y) {
    return from(1, name, y);
  }

  /**
   * A line over 0, 1, 2, …: places in a list.
   *
   * @param name its name in the legend
   * @param y the values
   */
  public static Line byIndex(String name, double... y) {
    return from(0, name, y);
  }

  private static Line from(int first, String name, double... y) {
    double[] x = new double[y.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = first + i;
    }
    return new Line(name, x, y);
  }
}
