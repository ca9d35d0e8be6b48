package io.qalibre.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class Cells_param_Test {
  private final Cells.Parameters parameters =
      Cells.Parameters.of(Map.of("EPOCHS", " 5 ", "RATE", "fast", "EMPTY", "")::get);

  @Test
  void reads_the_environment() {
    assertThat(parameters.read("EPOCHS", 3, Integer::valueOf, "a whole number")).isEqualTo(5);
  }

  @Test
  void falls_back_where_nothing_is_set() {
    assertThat(parameters.read("EMPTY", 3, Integer::valueOf, "a whole number")).isEqualTo(3);
    assertThat(Cells.param("QALIBRE_TEST_THAT_IS_NOT_SET", 0.5)).isEqualTo(0.5);
    assertThat(Cells.param("QALIBRE_TEST_THAT_IS_NOT_SET", "s")).isEqualTo("s");
    assertThat(Cells.param("QALIBRE_TEST_THAT_IS_NOT_SET", 7)).isEqualTo(7);
  }

  @Test
  void names_what_cannot_be_read() {
    assertThatThrownBy(() -> parameters.read("RATE", 0.1, Double::valueOf, "a number"))
        .isInstanceOf(QalibreException.class)
        .hasMessage("environment variable `RATE`: expected a number, such as 0.1, found `fast`");
  }

  @Test
  void check_throws_only_where_the_condition_fails() {
    assertThatCode(() -> Cells.check(true, "never")).doesNotThrowAnyException();
    assertThatThrownBy(() -> Cells.check(false, "PTQ lost 3 points"))
        .isInstanceOf(QalibreException.class)
        .hasMessage("check failed: PTQ lost 3 points");
  }
}
