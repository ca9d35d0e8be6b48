package io.qalibre.view;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import tech.tablesaw.api.BooleanColumn;
import tech.tablesaw.api.NumericColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/**
 * What is to be seen of a table: the text of its cells, less the rows in the middle that are too
 * many.
 *
 * @param caption the table's name, or an empty string
 * @param columns the columns, each with as many cells as there are rows to be seen
 * @param head how many of the rows stand before the gap
 * @param hidden how many rows the gap leaves out, 0 where there is none
 */
record TableCells(String caption, List<Cells> columns, int head, int hidden) {
  /** The text of one column; numbers stand to the right. */
  record Cells(String name, boolean right, List<String> text) {}

  static TableCells of(Table table, int maxRows) {
    int rows = table.rowCount();
    int shown = Math.min(rows, Math.max(1, maxRows));
    int head = shown == rows ? rows : (shown + 1) / 2;
    int[] seen =
        IntStream.concat(IntStream.range(0, head), IntStream.range(rows - (shown - head), rows))
            .toArray();
    List<Cells> columns = new ArrayList<>();
    for (Column<?> column : table.columns()) {
      columns.add(new Cells(column.name(), column instanceof NumericColumn<?>, text(column, seen)));
    }
    String name = table.name();
    return new TableCells(name == null ? "" : name, columns, head, rows - shown);
  }

  /** How many rows are to be seen. */
  int rows() {
    return columns.isEmpty() ? 0 : columns.get(0).text().size();
  }

  private static List<String> text(Column<?> column, int[] rows) {
    if (column instanceof NumericColumn<?> numbers && isFractional(numbers)) {
      double[] values = IntStream.of(rows).mapToDouble(numbers::getDouble).toArray();
      return Numbers.column(values);
    }
    return IntStream.of(rows).mapToObj(row -> text(column, row)).toList();
  }

  private static boolean isFractional(NumericColumn<?> column) {
    String type = column.type().name();
    return type.equals("DOUBLE") || type.equals("FLOAT");
  }

  private static String text(Column<?> column, int row) {
    if (column.isMissing(row)) {
      return column instanceof NumericColumn<?> ? Numbers.MISSING : "";
    }
    if (column instanceof BooleanColumn flags) {
      return flags.get(row) ? TableBuilder.YES : TableBuilder.NO;
    }
    if (column instanceof NumericColumn<?> numbers) {
      return Long.toString((long) numbers.getDouble(row));
    }
    return column.getString(row);
  }
}
