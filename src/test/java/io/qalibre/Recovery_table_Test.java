package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.engine.Accuracy;
import io.qalibre.engine.Score;
import io.qalibre.errors.UnknownNameException;
import java.util.List;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

class Recovery_table_Test {
  private static Accuracy right(double... first) {
    Score score = new Score(first);
    return new Accuracy(score, score);
  }

  private static final Comparison MEASURED =
      new Comparison(
          List.of(
              new Comparison.Row("FP32", right(1, 1, 1, 0)),
              new Comparison.Row("PTQ", right(1, 0, 0, 0)),
              new Comparison.Row("QAT", right(1, 1, 1, 1))));

  @Test
  void rows_hold_differences_with_their_paired_standard_errors() {
    Table table = Recovery.on("pictures", 7).with("net W8A8", MEASURED, "PTQ", "QAT").table();

    assertThat(table.row(0).getString("network")).isEqualTo("net W8A8");
    assertThat(table.row(0).getString("data")).isEqualTo("pictures");
    assertThat(table.row(0).getDouble("FP32")).isEqualTo(75);
    assertThat(table.row(0).getDouble("PTQ − FP32")).isEqualTo(-50);
    assertThat(table.row(0).getDouble("± of PTQ"))
        .isEqualTo(
            Math.round(
                    100 * MEASURED.accuracy("PTQ").pairedStandardError(MEASURED.accuracy("FP32")))
                / 100.0);
    assertThat(table.row(0).getDouble("QAT − FP32")).isEqualTo(25);
    assertThat(table.row(0).getLong("n")).isEqualTo(4);
    assertThat(table.row(0).getString("seed")).isEqualTo("7");
  }

  @Test
  void published_rows_say_where_they_come_from_and_have_no_standard_errors() {
    Recovery both = Recovery.on("pictures", 7).published("MobileNetV2").published("ResNet50");

    assertThat(both.rows().get(0).source().data()).startsWith("ImageNet, published");
    assertThat(both.rows().get(0).ptq().top1()).isEqualTo(71.08);
    assertThat(both.rows().get(1).qat().top1()).isEqualTo(76.44);
    assertThat(both.table().row(1).getDouble("QAT − FP32")).isEqualTo(0.39);
    assertThat(both.table().row(1).getDouble("± of QAT")).isNaN();
    assertThat(both.toString()).contains("71.23").contains("ImageNet, published");
  }

  @Test
  void names_that_are_not_there_are_errors() {
    Recovery table = Recovery.on("pictures", 7);

    assertThatThrownBy(() -> table.published("MobileNetV3"))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageContaining("MobileNetV2");
    assertThatThrownBy(() -> table.with("net", MEASURED, "PTQ", "QAD"))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageContaining("QAT");
  }
}
