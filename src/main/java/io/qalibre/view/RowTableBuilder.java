package io.qalibre.view;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import tech.tablesaw.api.Table;

/**
 * A table in the making whose columns are read off a list of values, one row each.
 *
 * @param <R> what a row is made from
 */
public final class RowTableBuilder<R> {
  private final TableBuilder table;
  private final List<R> rows;

  RowTableBuilder(TableBuilder table, List<R> rows) {
    this.table = table;
    this.rows = rows;
  }

  /**
   * Adds a column of text.
   *
   * @param name the column's name
   * @param value reads a row's text; null where there is none
   * @throws io.qalibre.errors.QalibreException if the name is taken
   */
  public RowTableBuilder<R> text(
      String name, Function<? super R, ? extends @Nullable String> value) {
    List<@Nullable String> values = new ArrayList<>(rows.size());
    rows.forEach(row -> values.add(value.apply(row)));
    table.text(name, values);
    return this;
  }

  /**
   * Adds a column of numbers, shown to about five significant digits.
   *
   * @param name the column's name
   * @param value reads a row's number; NaN where there is none
   * @throws io.qalibre.errors.QalibreException if the name is taken
   */
  public RowTableBuilder<R> number(String name, ToDoubleFunction<? super R> value) {
    table.number(name, rows.stream().mapToDouble(value).toArray());
    return this;
  }

  /**
   * Adds a column of whole numbers.
   *
   * @param name the column's name
   * @param value reads a row's number
   * @throws io.qalibre.errors.QalibreException if the name is taken
   */
  public RowTableBuilder<R> integer(String name, ToLongFunction<? super R> value) {
    table.integer(name, rows.stream().mapToLong(value).toArray());
    return this;
  }

  /**
   * Adds a column of truths, shown as yes and no.
   *
   * @param name the column's name
   * @param value reads a row's truth
   * @throws io.qalibre.errors.QalibreException if the name is taken
   */
  public RowTableBuilder<R> flag(String name, Predicate<? super R> value) {
    boolean[] values = new boolean[rows.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = value.test(rows.get(i));
    }
    table.flag(name, values);
    return this;
  }

  /**
   * The finished table.
   *
   * @return a new Tablesaw table, named by the title
   */
  public Table build() {
    return table.build();
  }
}
