package io.qalibre.view;

import java.util.StringJoiner;
import tech.tablesaw.api.Table;

/** Renders a table as plain text with aligned columns. */
public final class TableText {
  private static final int WIDEST = 60;

  private TableText() {}

  /**
   * Renders a table.
   *
   * @param table any table; its name stands above it
   * @param maxRows how many rows to show at most, 1 or more; of more, the middle is left out
   * @return lines separated by line feeds, without one at the end; cells are cut at 60 characters
   */
  public static String render(Table table, int maxRows) {
    TableCells cells = TableCells.of(table, maxRows);
    int[] widths = cells.columns().stream().mapToInt(TableText::width).toArray();
    StringJoiner lines = new StringJoiner("\n");
    if (!cells.caption().isEmpty()) {
      lines.add(cells.caption());
    }
    StringJoiner names = new StringJoiner("  ");
    StringJoiner rule = new StringJoiner("  ");
    for (int i = 0; i < widths.length; i++) {
      TableCells.Cells column = cells.columns().get(i);
      names.add(pad(column.name(), widths[i], column.right()));
      rule.add("─".repeat(widths[i]));
    }
    lines.add(names.toString().stripTrailing()).add(rule.toString());
    for (int row = 0; row < cells.rows(); row++) {
      if (row == cells.head()) {
        lines.add(gap(cells));
      }
      StringJoiner line = new StringJoiner("  ");
      for (int i = 0; i < widths.length; i++) {
        TableCells.Cells column = cells.columns().get(i);
        line.add(pad(column.text().get(row), widths[i], column.right()));
      }
      lines.add(line.toString().stripTrailing());
    }
    if (cells.hidden() > 0 && cells.head() == cells.rows()) {
      lines.add(gap(cells));
    }
    return lines.toString();
  }

  private static String gap(TableCells cells) {
    return "… " + Numbers.count(cells.hidden()) + " more …";
  }

  private static int width(TableCells.Cells column) {
    int widest = column.text().stream().mapToInt(String::length).max().orElse(0);
    return Math.min(WIDEST, Math.max(column.name().length(), widest));
  }

  private static String pad(String text, int width, boolean right) {
    String cut = text.length() > width ? text.substring(0, width - 1) + "…" : text;
    String space = " ".repeat(width - cut.length());
    return right ? space + cut : cut + space;
  }
}
