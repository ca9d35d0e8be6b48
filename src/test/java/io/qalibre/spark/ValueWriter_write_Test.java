package io.qalibre.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.Network;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizedNetwork;
import io.qalibre.analysis.Measure;
import io.qalibre.data.Preprocessing;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Fingerprint;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.QuantScheme;
import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ValueWriter_write_Test {
  private static final Network NETWORK = SmallNetwork.network();
  private static final QuantizedNetwork QUANTIZED =
      NETWORK
          .simulate(QuantConfig.int8().withScheme(QuantScheme.percentile(99.9)))
          .computeEncodings(SmallNetwork.samples());

  private static Object back(Object value) {
    return ValueReader.read(ValueWriter.write(value));
  }

  @Test
  void plain_values_come_back() {
    for (Object value :
        List.of(
            true,
            -1,
            Long.MIN_VALUE,
            Long.MAX_VALUE,
            0.1f,
            -0.0,
            Double.NaN,
            "größer",
            List.of(1, "a", List.of()),
            Map.of("a", 1L),
            new TreeMap<>(Map.of(3L, "c", 1L, "a")),
            Measure.SQNR,
            Measure.TOP1,
            Measure.KL,
            Preprocessing.TORCHVISION)) {
      assertThat(back(value)).isEqualTo(value);
    }
    assertThat(back(new long[] {1, -300, 0})).isEqualTo(new long[] {1, -300, 0});
    assertThat(back(new int[] {Integer.MIN_VALUE})).isEqualTo(new int[] {Integer.MIN_VALUE});
    assertThat(back(new byte[] {-1, 2})).isEqualTo(new byte[] {-1, 2});
    assertThat(ValueReader.read(ValueWriter.write(null))).isNull();
  }

  @Test
  void a_simulation_comes_back_with_all_that_it_computes_with() {
    Simulation simulation = QUANTIZED.simulation();
    Simulation back = (Simulation) back(simulation);
    Graph graph = back.graph();

    assertThat(Fingerprint.of(back)).isEqualTo(Fingerprint.of(simulation));
    assertThat(graph.nodes()).isEqualTo(simulation.graph().nodes());
    assertThat(graph.inputs()).isEqualTo(simulation.graph().inputs());
    assertThat(graph.outputs()).isEqualTo(simulation.graph().outputs());
    assertThat(graph.info()).isEqualTo(simulation.graph().info());
    assertThat(graph.initializers()).isEqualTo(simulation.graph().initializers());
    assertThat(back(QUANTIZED.calibration().statistics()))
        .isEqualTo(QUANTIZED.calibration().statistics());
  }

  @Test
  void networks_that_share_weights_take_little_more_than_one() {
    Simulation simulation = QUANTIZED.simulation();
    Simulation other = new Simulation(simulation.graph().toBuilder().build(), Map.of());
    int one = ValueWriter.write(simulation).length;

    byte[] two = ValueWriter.write(List.of(simulation, other));
    List<?> back = (List<?>) ValueReader.read(two);
    Graph first = ((Simulation) back.get(0)).graph();
    Graph second = ((Simulation) back.get(1)).graph();

    assertThat(two.length - one).isLessThan(one / 10);
    assertThat(second.nodes()).isEqualTo(first.nodes());
    assertThat(second.initializer("c.weight")).isSameAs(first.initializer("c.weight"));
  }

  @Test
  void other_things_do_not_travel() {
    assertThatThrownBy(() -> ValueWriter.write(new File("x")))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("java.io.File does not travel");
  }

  @Test
  void damaged_bytes_are_an_error() {
    byte[] bytes = ValueWriter.write(QUANTIZED.simulation());

    assertThatThrownBy(() -> ValueReader.read(Arrays.copyOf(bytes, bytes.length / 2)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("the same version of Qalibre");
  }
}
