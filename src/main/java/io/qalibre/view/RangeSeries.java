package io.qalibre.view;

import io.qalibre.errors.QalibreException;

/**
 * The ranges of a row of things, such as the weights of each output channel.
 *
 * @param name its name in the legend, such as {@code before}
 * @param min the least value of each, finite
 * @param max the greatest value of each, as many as min
 */
@SuppressWarnings("ArrayRecordComponent") // Copied in; as Line.
public record RangeSeries(String name, double[] min, double[] max) {
  /**
   * Checks the lengths and copies the arrays.
   *
   * @throws QalibreException if min and max differ in length
   */
  public RangeSeries {
    if (min.length != max.length) {
      throw new QalibreException(
          "ranges `" + name + "`: " + min.length + " minima but " + max.length + " maxima");
    }
    min = min.clone();
    max = max.clone();
  }
}
