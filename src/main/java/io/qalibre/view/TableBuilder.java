package io.qalibre.view;

import io.qalibre.errors.QalibreException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;
import org.jspecify.annotations.Nullable;
import tech.tablesaw.api.BooleanColumn;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;
import tech.tablesaw.columns.booleans.BooleanFormatter;
import tech.tablesaw.columns.numbers.NumberColumnFormatter;

/** A table in the making: its columns stand in the order in which they are given. */
public final class TableBuilder {
  static final String YES = "yes";
  static final String NO = "no";

  private final String title;
  private final List<Column<?>> columns = new ArrayList<>();

  TableBuilder(String title) {
    this.title = title;
  }

  /**
   * Adds a column of text.
   *
   * @param name the column's name
   * @param values a value a row; null where there is none
   * @throws QalibreException if the name is taken or the length is not that of the other columns
   */
  public TableBuilder text(String name, List<? extends @Nullable String> values) {
    return add(StringColumn.create(name, values.toArray(new String[0])));
  }

  /**
   * Adds a column of numbers, shown to about five significant digits.
   *
   * @param name the column's name
   * @param values a value a row; NaN where there is none
   * @throws QalibreException if the name is taken or the length is not that of the other columns
   */
  public TableBuilder number(String name, double[] values) {
    DoubleColumn column = DoubleColumn.create(name, values);
    column.setPrintFormatter(new HouseFormat(Numbers.columnFormat(values)));
    return add(column);
  }

  /**
   * Adds a column of whole numbers.
   *
   * @param name the column's name
   * @param values a value a row
   * @throws QalibreException if the name is taken or the length is not that of the other columns
   */
  public TableBuilder integer(String name, long[] values) {
    LongColumn column = LongColumn.create(name, values);
    column.setPrintFormatter(new HouseFormat(value -> Long.toString((long) value)));
    return add(column);
  }

  /**
   * Adds a column of truths, shown as yes and no.
   *
   * @param name the column's name
   * @param values a value a row
   * @throws QalibreException if the name is taken or the length is not that of the other columns
   */
  public TableBuilder flag(String name, boolean[] values) {
    BooleanColumn column = BooleanColumn.create(name, values);
    column.setPrintFormatter(new BooleanFormatter(YES, NO, Numbers.MISSING));
    return add(column);
  }

  /**
   * The finished table.
   *
   * @return a new Tablesaw table, named by the title
   */
  public Table build() {
    return Table.create(title, columns.toArray(new Column<?>[0]));
  }

  private TableBuilder add(Column<?> column) {
    String where = "table `" + title + "`: column `" + column.name() + "`";
    for (Column<?> other : columns) {
      if (other.name().equalsIgnoreCase(column.name())) {
        throw new QalibreException(where + " is given twice");
      }
    }
    if (!columns.isEmpty() && columns.get(0).size() != column.size()) {
      throw new QalibreException(
          where
              + (" has " + column.size() + " rows, expected ")
              + (columns.get(0).size() + " as in `" + columns.get(0).name() + "`"));
    }
    columns.add(column);
    return this;
  }

  /** Tablesaw's own printing, with the numbers written as the rest of the room writes them. */
  private static final class HouseFormat extends NumberColumnFormatter {
    private final DoubleFunction<String> format;

    HouseFormat(DoubleFunction<String> format) {
      super(Numbers.MISSING);
      this.format = format;
    }

    /** Tablesaw's own way is the user's language, with its digits and signs. */
    @Override
    public String format(long value) {
      return Long.toString(value);
    }

    @Override
    public String format(double value) {
      return Double.isNaN(value) ? Numbers.MISSING : format.apply(value);
    }
  }
}
