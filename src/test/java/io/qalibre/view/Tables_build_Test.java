package io.qalibre.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

class Tables_build_Test {
  private record Row(String tensor, double min, long bits, boolean symmetric) {}

  @Test
  void keeps_the_order_of_columns_and_the_title() {
    Table table =
        Tables.titled("Encodings")
            .text("tensor", Arrays.asList("x", null))
            .number("min", new double[] {-1.5, Double.NaN})
            .integer("bitwidth", new long[] {8, 16})
            .flag("symmetric", new boolean[] {true, false})
            .build();

    assertThat(table.name()).isEqualTo("Encodings");
    assertThat(table.columnNames()).containsExactly("tensor", "min", "bitwidth", "symmetric");
    assertThat(table.longColumn("bitwidth").asList()).containsExactly(8L, 16L);
    assertThat(table.column("tensor").isMissing(1)).isTrue();
    assertThat(table.print()).contains("-1.5").contains("yes").contains("–");
  }

  @Test
  void reads_columns_off_rows() {
    Table table =
        Tables.of("Encodings", List.of(new Row("x", -1.5, 8, true), new Row("w", 0.5, 4, false)))
            .text("tensor", Row::tensor)
            .number("min", Row::min)
            .integer("bitwidth", Row::bits)
            .flag("symmetric", Row::symmetric)
            .build();

    assertThat(table.stringColumn("tensor").asList()).containsExactly("x", "w");
    assertThat(table.doubleColumn("min").asList()).containsExactly(-1.5, 0.5);
    assertThat(table.booleanColumn("symmetric").asList()).containsExactly(true, false);
  }

  @Test
  void refuses_columns_of_different_lengths() {
    TableBuilder builder = Tables.titled("Encodings").integer("bitwidth", new long[] {8, 8});

    assertThatThrownBy(() -> builder.number("min", new double[3]))
        .isInstanceOf(QalibreException.class)
        .hasMessage("table `Encodings`: column `min` has 3 rows, expected 2 as in `bitwidth`");
  }

  @Test
  void refuses_a_name_given_twice() {
    TableBuilder builder = Tables.titled("T").number("min", new double[1]);

    assertThatThrownBy(() -> builder.number("min", new double[1]))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("column `min` is given twice");
  }
}
