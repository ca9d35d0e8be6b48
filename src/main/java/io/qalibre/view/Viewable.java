package io.qalibre.view;

import tech.tablesaw.api.Table;

/**
 * A value that shows itself as a table: a notebook renders it so, with the table's name as the
 * caption.
 */
public interface Viewable {
  /**
   * The value as a table; see {@link Tables} for how to build one.
   *
   * @return a new table, which the caller may change
   */
  Table table();
}
