package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Simulation;
import org.junit.jupiter.api.Test;

class IntegerBiases_round_Test {
  private final Simulation simulation = SmallNet.simulation();

  @Test
  void moves_each_bias_by_half_a_step_at_most() {
    Simulation rounded = IntegerBiases.round(simulation);

    float[] before = simulation.graph().initializer("c1.bias").floats();
    float[] after = rounded.graph().initializer("c1.bias").floats();
    double input = simulation.encoding("input").first().scale();
    assertThat(after).isNotEqualTo(before);
    for (int c = 0; c < before.length; c++) {
      double step = input * simulation.encoding("c1.weight").grids().get(c).scale();
      assertThat((double) Math.abs(after[c] - before[c])).isLessThanOrEqualTo(0.501 * step);
    }
  }

  @Test
  void changes_nothing_but_biases() {
    Simulation rounded = IntegerBiases.round(simulation);

    assertThat(rounded.encodings()).isEqualTo(simulation.encodings());
    assertThat(rounded.graph().nodes()).isEqualTo(simulation.graph().nodes());
    assertThat(rounded.graph().initializer("c1.weight"))
        .isEqualTo(simulation.graph().initializer("c1.weight"));
  }

  @Test
  void rounding_again_changes_nothing() {
    Simulation once = IntegerBiases.round(simulation);

    assertThat(IntegerBiases.round(once).graph().initializers())
        .isEqualTo(once.graph().initializers());
  }
}
