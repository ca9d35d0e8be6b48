package io.qalibre.view;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Numbers_format_Test {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0.0, 0",
    "8, 8",
    "1234567, 1234567",
    "1.2300000190734863, 1.23",
    "0.0078431372549, 0.0078431",
    "-12.5, -12.5",
    "123456.789, 123460",
    "0.00000392156862745, 3.9216e-06",
    "25000000.5, 2.5e+07",
    "99999.96, 100000",
    "NaN, NaN",
    "-Infinity, -∞"
  })
  void writes_five_significant_digits(double value, String expected) {
    assertThat(Numbers.format(value)).isEqualTo(expected);
  }

  @Test
  void writes_a_column_with_equal_decimals_where_sizes_are_alike() {
    assertThat(Numbers.column(new double[] {-2.1179039478, 0.0345, 12.25, 0, Double.NaN}))
        .containsExactly("-2.1179", "0.0345", "12.2500", "0.0000", "–");
  }

  @Test
  void writes_a_column_value_by_value_where_sizes_differ_a_thousandfold() {
    assertThat(Numbers.column(new double[] {1e-6, 3, 0.25})).containsExactly("1e-06", "3", "0.25");
  }

  @Test
  void writes_no_decimals_that_no_value_needs() {
    assertThat(Numbers.column(new double[] {91.5, 92.25})).containsExactly("91.50", "92.25");
  }

  @Test
  void sets_thousands_apart() {
    assertThat(Numbers.count(2236682)).isEqualTo("2,236,682");
  }
}
