package io.qalibre.view;

import java.util.List;
import tech.tablesaw.api.Table;

/**
 * Renders a table as HTML that takes its colours from the page around it, so that it reads in light
 * and in dark themes.
 */
public final class TableHtml {
  private static final String LINE = "1px solid rgba(128,128,128,0.35)";
  private static final String TABLE =
      "border-collapse:collapse;border:none;color:inherit;font-variant-numeric:tabular-nums";
  private static final String CAPTION =
      "caption-side:top;text-align:left;font-weight:600;color:inherit;padding:0.3em 0.5em";
  private static final String NUMBER = "text-align:right;white-space:nowrap";
  private static final String TEXT = "text-align:left";

  private TableHtml() {}

  /**
   * Renders a table.
   *
   * @param table any table; its name becomes the caption
   * @param maxRows how many rows to show at most, 1 or more; of more, the middle is left out
   * @return a {@code <table>} element with inline styles
   */
  public static String render(Table table, int maxRows) {
    TableCells cells = TableCells.of(table, maxRows);
    StringBuilder html = new StringBuilder();
    html.append("<table style=\"").append(TABLE).append("\">");
    if (!cells.caption().isEmpty()) {
      html.append("<caption style=\"")
          .append(CAPTION)
          .append("\">")
          .append(escape(cells.caption()))
          .append("</caption>");
    }
    html.append("<thead><tr style=\"border-bottom:").append(LINE).append("\">");
    for (TableCells.Cells column : cells.columns()) {
      cell(html, "th", column.right(), column.name());
    }
    html.append("</tr></thead>\n<tbody>");
    for (int row = 0; row < cells.rows(); row++) {
      if (row == cells.head()) {
        gap(html, cells);
      }
      html.append("<tr>");
      for (TableCells.Cells column : cells.columns()) {
        cell(html, "td", column.right(), column.text().get(row));
      }
      html.append("</tr>\n");
    }
    if (cells.hidden() > 0 && cells.head() == cells.rows()) {
      gap(html, cells);
    }
    return html.append("</tbody></table>").toString();
  }

  /**
   * Escapes text for HTML.
   *
   * @param text any text
   * @return the text with {@code & < > "} as entities
   */
  public static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  private static void gap(StringBuilder html, TableCells cells) {
    List<TableCells.Cells> columns = cells.columns();
    html.append("<tr><td colspan=\"")
        .append(columns.size())
        .append("\" style=\"text-align:left;opacity:0.6\">… ")
        .append(Numbers.count(cells.hidden()))
        .append(" more …</td></tr>\n");
  }

  private static void cell(StringBuilder html, String tag, boolean right, String text) {
    html.append('<').append(tag).append(" style=\"").append(right ? NUMBER : TEXT);
    html.append("\">").append(escape(text)).append("</").append(tag).append('>');
  }
}
