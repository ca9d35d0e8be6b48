package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.qalibre.analysis.LayerErrors;
import io.qalibre.engine.EngineArrays;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

class QuantizedNetwork_layerErrors_Test {
  private static final Tensor INPUT = Net.data(4, 10, 3, 6, 6);
  private static final Labelled DATA = Labelled.of(INPUT).batch(4);
  private static final Network NET =
      Qalibre.of(
          Net.input(3, 6, 6)
              .conv("first", "x", 6, 3, 3, 3)
              .op("relu", "Relu", List.of("first"))
              .conv("second", "relu", 6, 6, 3, 3)
              .op("flat", "Flatten", List.of("second"))
              .linear("last", "flat", 4, 216)
              .build("last", "relu"));
  private static final QuantConfig CONFIG = QuantConfig.int8().withBits("second.weight", 2);
  private static final QuantizedNetwork QUANTIZED = NET.simulate(CONFIG).computeEncodings(DATA);

  @Test
  void each_quantized_tensor_is_compared_with_the_float_one() {
    LayerErrors errors = QUANTIZED.layerErrors(DATA);

    assertThat(errors.rows())
        .extracting(LayerErrors.Row::tensor)
        .containsExactly("x", "relu", "second", "last");
    assertThat(errors.rows())
        .extracting(LayerErrors.Row::operator)
        .containsExactly("input", "Relu", "Conv", "Gemm");
    Map<String, Tensor> floats = NET.run(Map.of("x", INPUT));
    Map<String, Tensor> found = QUANTIZED.run(Map.of("x", INPUT));
    for (String output : List.of("relu", "last")) {
      double sqnr = Golden.sqnr(floats.get(output), found.get(output));
      assertThat(errors.row(output).sqnr()).as(output).isCloseTo(sqnr, within(0.01));
    }
    assertThat(errors.row("last").mse())
        .isCloseTo(mse(floats.get("last"), found.get("last")), withinPercentage(1e-4));
    // Two bits: a drop that stays.
    assertThat(errors.row("second").sqnr()).isLessThan(errors.row("relu").sqnr() - 15);
    assertThat(errors.worst().tensor()).isIn("second", "last");
  }

  private static double mse(Tensor one, Tensor other) {
    double sum = 0;
    for (int i = 0; i < one.size(); i++) {
      double error = one.floats()[i] - other.floats()[i];
      sum += error * error;
    }
    return sum / one.size();
  }

  @Test
  void it_is_a_table_and_a_chart() {
    LayerErrors errors = QUANTIZED.layerErrors(DATA);

    Table table = errors.table();
    assertThat(table.name()).isEqualTo("Errors along net (10 samples)");
    assertThat(table.columnNames()).containsExactly("tensor", "operator", "MSE", "SQNR, dB");
    assertThat(errors.chart().getSeriesCollection()).hasSize(1);
    assertThat(errors).asString().startsWith("Errors along net: 4 tensors, lowest SQNR ");
    assertThatThrownBy(() -> errors.row("realu"))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageContaining("did you mean `relu`?");
  }

  @Test
  void an_output_that_is_not_quantized_is_compared_too() {
    LayerErrors errors =
        NET.simulate(CONFIG.disable("last")).computeEncodings(DATA).layerErrors(DATA);

    assertThat(errors.rows())
        .extracting(LayerErrors.Row::tensor)
        .containsExactly("x", "relu", "second", "last");
  }

  @Test
  void what_is_missing_is_said() {
    QuantizedNetwork none =
        NET.simulate(CONFIG.disable("weight").disable("activation")).computeEncodings(DATA);
    assertThatThrownBy(() -> none.layerErrors(DATA))
        .isInstanceOf(QalibreException.class)
        .hasMessage("layerErrors: `net` has no enabled quantizer whose output is read");
    assertThatThrownBy(() -> QUANTIZED.layerErrors(Labelled.of(Net.data(1, 0, 3, 6, 6))))
        .isInstanceOf(QalibreException.class)
        .hasMessage("layerErrors: the dataset is empty; expected at least one sample");
  }

  @Test
  void interrupted_it_gives_what_is_known() {
    Labelled second =
        DATA.before(
            i -> {
              if (i == 1) {
                Thread.currentThread().interrupt();
              }
            });
    assertThat(QUANTIZED.layerErrors(second).run().samples()).isEqualTo(4);
    Labelled atOnce = DATA.before(i -> Thread.currentThread().interrupt());
    assertThatThrownBy(() -> QUANTIZED.layerErrors(atOnce))
        .isInstanceOf(InterruptedWorkException.class);
  }

  @Test
  void no_array_stays_behind() {
    EngineArrays.assertLeavesNothing(() -> QUANTIZED.layerErrors(DATA));
  }
}
