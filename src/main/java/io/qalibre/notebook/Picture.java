package io.qalibre.notebook;

import io.qalibre.data.ImageSplits;
import io.qalibre.view.Charts;
import io.qalibre.view.Png;
import io.qalibre.view.TableHtml;
import io.qalibre.view.TableText;
import io.qalibre.view.Viewable;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.internal.chartpart.IChart;
import tech.tablesaw.api.Table;

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

  /** Rows of a table shown in a cell. */
  private static final int ROWS = 30;

  Picture {
    data = Map.copyOf(data);
  }

  /**
   * What is shown of a value: of a table, of what shows itself as one, of a chart and of a set of
   * labelled pictures; nothing of another value, which has its words only.
   */
  static Optional<Picture> of(@Nullable Object value) {
    if (value instanceof Table table) {
      return Optional.of(table(table));
    } else if (value instanceof Viewable viewable) {
      return Optional.of(table(viewable.table()));
    } else if (value instanceof IChart chart) {
      return Optional.of(of(chart));
    } else if (value instanceof ImageSplits splits) {
      return Optional.of(SamplePictures.of(splits));
    }
    return Optional.empty();
  }

  private static Picture table(Table table) {
    return of(TableHtml.render(table, ROWS), TableText.render(table, ROWS));
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

  /** All of it as HTML, a PNG picture as a part of it. */
  String html() {
    String words = TableHtml.escape(data.getOrDefault(TEXT, ""));
    String png = data.get(PNG);
    return png == null
        ? data.getOrDefault(HTML, "<pre>" + words + "</pre>")
        : "<img width=\"%d\" height=\"%d\" alt=\"%s\" src=\"data:image/png;base64,%s\">"
            .formatted(width, height, words, png);
  }
}
