package io.qalibre.notebook;

import io.qalibre.view.Charts;
import io.qalibre.view.Png;
import java.util.Base64;
import java.util.Map;
import org.knowm.xchart.internal.chartpart.IChart;

/**
 * What a notebook shows of a value.
 *
 * @param data the value in one or more media types; pictures in base 64
 * @param width the width of the PNG picture in logical pixels, 0 where there is none
 * @param height the height of the PNG picture in logical pixels, 0 where there is none
 */
record Picture(Map<String, String> data, int width, int height) {
  static final String PNG = "image/png";
  static final String HTML = "text/html";
  static final String TEXT = "text/plain";

  Picture {
    data = Map.copyOf(data);
  }

  /** A chart as a sharp PNG picture, and in words. */
  static Picture of(IChart chart) {
    String png = Base64.getEncoder().encodeToString(Png.bytes(chart, Png.SHARP));
    return new Picture(
        Map.of(PNG, png, TEXT, Charts.describe(chart)), chart.getWidth(), chart.getHeight());
  }

  /** HTML, and text for where HTML is not shown. */
  static Picture of(String html, String text) {
    return new Picture(Map.of(HTML, html, TEXT, text), 0, 0);
  }
}
