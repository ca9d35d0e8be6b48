package io.qalibre.view;

import java.util.Collection;
import java.util.List;

/**
 * Where tables begin: {@code Tables.titled("Encodings").text("tensor", names).number("min",
 * min).build()}, or, from a list of records, {@code Tables.of("Encodings", rows).text("tensor",
 * Row::name).number("min", Row::min).build()}.
 */
public final class Tables {
  private Tables() {}

  /**
   * Begins a table from its columns.
   *
   * @param title the table's name, shown as its caption
   */
  public static TableBuilder titled(String title) {
    return new TableBuilder(title);
  }

  /**
   * Begins a table from its rows.
   *
   * @param title the table's name, shown as its caption
   * @param rows what each row tells, in order
   */
  public static <R> RowTableBuilder<R> of(String title, Collection<? extends R> rows) {
    return new RowTableBuilder<>(titled(title), List.copyOf(rows));
  }
}
