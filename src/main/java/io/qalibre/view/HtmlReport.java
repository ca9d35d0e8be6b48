package io.qalibre.view;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.knowm.xchart.internal.chartpart.IChart;
import tech.tablesaw.api.Table;

/**
 * A page of headings, sentences, tables and charts in one file that needs nothing else: it opens
 * from a disk without a network, in light and in dark.
 */
public final class HtmlReport {
  /** Longer tables are folded away; a click opens them. */
  private static final int OPEN_ROWS = 24;

  private static final String STYLE =
      """
      :root { color-scheme: light dark; }
      body { font: 15px/1.5 system-ui, sans-serif; max-width: 1080px; margin: 2em auto; padding: 0 1.2em; }
      h1 { font-size: 1.7em; } h2 { font-size: 1.3em; margin-top: 2em; border-bottom: 1px solid rgba(128,128,128,0.35); }
      h3 { font-size: 1.05em; margin-bottom: 0.3em; }
      nav a { margin-right: 1.1em; } .wide { overflow-x: auto; margin: 0.8em 0; }
      table td, table th { padding: 0.15em 0.6em; } tbody tr:nth-child(even) { background: rgba(128,128,128,0.09); }
      figure { margin: 0.8em 0; } img { max-width: 100%; height: auto; border-radius: 4px; }
      summary { cursor: pointer; } pre { white-space: pre-wrap; font-size: 0.85em; }
      """;

  private final String title;
  private final List<String> contents = new ArrayList<>();
  private final StringBuilder body = new StringBuilder();

  /**
   * Begins a page.
   *
   * @param title its title
   */
  public HtmlReport(String title) {
    this.title = title;
  }

  /** Begins a section, which the contents at the top name. */
  public HtmlReport section(String heading) {
    contents.add(heading);
    element("h2 id=\"s" + contents.size() + "\"", "h2", heading);
    return this;
  }

  /** Begins a part of a section. */
  public HtmlReport part(String heading) {
    element("h3", "h3", heading);
    return this;
  }

  /** Adds a paragraph. */
  public HtmlReport text(String sentences) {
    element("p", "p", sentences);
    return this;
  }

  /** Adds a table with all of its rows; a long one is folded away. */
  public HtmlReport table(Table table) {
    String html = TableHtml.render(table, Math.max(1, table.rowCount()));
    boolean folded = table.rowCount() > OPEN_ROWS;
    if (folded) {
      String caption = table.name() == null ? "" : table.name();
      summary(caption + ": " + Numbers.count(table.rowCount()) + " rows");
    }
    body.append("<div class=\"wide\">").append(html).append("</div>\n");
    if (folded) {
      body.append("</details>\n");
    }
    return this;
  }

  /** Adds a chart, with its numbers in words below it. */
  public HtmlReport chart(IChart chart) {
    String png = Base64.getEncoder().encodeToString(Png.bytes(chart, Png.SHARP));
    String words = Charts.describe(chart);
    body.append("<figure><img width=\"").append(chart.getWidth());
    body.append("\" alt=\"").append(TableHtml.escape(words));
    body.append("\" src=\"data:image/png;base64,").append(png).append("\">\n");
    summary("numbers");
    element("pre", "pre", words);
    body.append("</details></figure>\n");
    return this;
  }

  /** Adds a value's table, and its chart where it has one. */
  public HtmlReport value(Viewable value) {
    if (value instanceof Charted charted) {
      chart(charted.chart());
    }
    return table(value.table());
  }

  /** The whole page. */
  public String html() {
    StringBuilder links = new StringBuilder();
    for (int i = 1; i <= contents.size(); i++) {
      String name = TableHtml.escape(contents.get(i - 1));
      links.append("<a href=\"#s").append(i).append("\">").append(name).append("</a>\n");
    }
    String name = TableHtml.escape(title);
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>"
        + name
        + "</title>\n<style>\n"
        + STYLE
        + "</style>\n</head>\n<body>\n<h1>"
        + name
        + "</h1>\n<nav>\n"
        + links
        + "</nav>\n"
        + body
        + "</body>\n</html>\n";
  }

  private void summary(String text) {
    body.append("<details>");
    element("summary", "summary", text);
  }

  private void element(String open, String close, String text) {
    body.append('<').append(open).append('>').append(TableHtml.escape(text));
    body.append("</").append(close).append(">\n");
  }
}
