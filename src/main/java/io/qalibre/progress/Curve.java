package io.qalibre.progress;

/**
 * A line of a live plot.
 *
 * @param name its name in the legend, such as {@code loss}
 * @param axis the quantity on its vertical axis; curves of one axis share a panel
 * @param x the steps, increasing
 * @param y the values, as many as x
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody, copied at the door
public record Curve(String name, String axis, double[] x, double[] y) {
  /** Checks the lengths and copies the arrays. */
  public Curve {
    if (x.length != y.length) {
      throw new IllegalArgumentException(
          name + ": " + x.length + " positions but " + y.length + " values");
    }
    x = x.clone();
    y = y.clone();
  }
}
