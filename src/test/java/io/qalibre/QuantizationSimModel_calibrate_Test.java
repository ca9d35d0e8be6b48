package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.QuantScheme;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizationSimModel_calibrate_Test {
  private static final Tensor DATA = Net.data(1, 24, 3, 6, 6);
  private static final Network NET = new Network(graph(), List.of());
  private static final QuantizationSimModel SIM = NET.simulate(QuantConfig.int8());

  private static Graph graph() {
    return Net.input(3, 6, 6)
        .conv("c", "x", 4, 3, 3, 3)
        .op("r", "Relu", List.of("c"))
        .conv("d", "r", 4, 4, 1, 1)
        .op("f", "Flatten", List.of("d"))
        .linear("y", "f", 2, 144)
        .build("y");
  }

  private static Labelled samples(int from, int to) {
    int size = 3 * 6 * 6;
    float[] part = Arrays.copyOfRange(DATA.floats(), from * size, to * size);
    return Labelled.of(Tensor.of(part, to - from, 3, 6, 6)).batch(8);
  }

  @Test
  void going_on_is_the_same_as_one_pass() {
    Calibration half = SIM.calibrate(samples(0, 16));

    assertThat(SIM.calibrate(samples(16, 24), half)).isEqualTo(SIM.calibrate(samples(0, 24)));
  }

  @Test
  void parts_with_common_bins_merge_in_any_order_to_one_pass() {
    Calibration first = SIM.calibrate(samples(0, 8));
    Calibration second = SIM.calibrate(samples(8, 16), first.bins());
    Calibration third = SIM.calibrate(samples(16, 24), first.bins());
    Calibration whole = SIM.calibrate(samples(0, 24));

    assertThat(first.merge(second).merge(third)).isEqualTo(whole);
    assertThat(third.merge(second.merge(first))).isEqualTo(whole);
  }

  @Test
  void parts_with_bins_of_their_own_do_not_merge() {
    Calibration one = SIM.calibrate(samples(0, 8));
    Calibration two = SIM.calibrate(samples(8, 16));

    assertThatThrownBy(() -> one.merge(two))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("`x`")
        .hasMessageContaining("bins()");
  }

  @Test
  void one_calibration_serves_all_schemes() {
    Calibration seen = SIM.calibrate(samples(0, 24));

    for (QuantScheme scheme :
        List.of(
            QuantScheme.MIN_MAX,
            QuantScheme.TF_ENHANCED,
            QuantScheme.percentile(99),
            QuantScheme.MSE,
            QuantScheme.ENTROPY)) {
      QuantizationSimModel sim = NET.simulate(QuantConfig.int8().withScheme(scheme));
      QuantizedNetwork quantized = sim.computeEncodings(seen);

      assertThat(quantized.encodings().rowCount()).isEqualTo(7);
      assertThat(quantized.simulation().encoding("x").first().max()).isPositive();
      if (scheme.equals(QuantScheme.MIN_MAX)) {
        assertThat(quantized.simulation().encodings())
            .isEqualTo(sim.computeEncodings(samples(0, 24)).simulation().encodings());
      }
    }
  }

  @Test
  void a_saved_calibration_comes_back_as_it_was(@TempDir Path folder) {
    Calibration seen = SIM.calibrate(samples(0, 20));
    Path file = folder.resolve("seen.json");

    seen.save(file);
    Calibration back = Calibration.load(file);

    assertThat(back).isEqualTo(seen);
    assertThat(SIM.calibrate(samples(20, 24), back))
        .isEqualTo(SIM.calibrate(samples(20, 24), seen));
    assertThat(SIM.computeEncodings(back).calibration()).isEqualTo(seen);
    assertThat(seen.table().rowCount()).isEqualTo(4);
    assertThat(seen.table().columnNames()).containsExactly("tensor", "min", "max", "values");
  }

  @Test
  void its_size_does_not_grow_with_the_samples(@TempDir Path folder) throws IOException {
    Path small = folder.resolve("small.json");
    Path large = folder.resolve("large.json");
    SIM.calibrate(samples(0, 8)).save(small);
    Calibration seen = SIM.calibrate(samples(0, 24));
    for (int i = 0; i < 10; i++) {
      seen = SIM.calibrate(samples(0, 24), seen);
    }
    seen.save(large);

    // Only the digits of the counts grow.
    assertThat(Files.size(large)).isLessThan(2 * Files.size(small));
  }

  @Test
  void a_file_that_is_none_is_named_with_the_place(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("bad.json");
    assertThatThrownBy(() -> Calibration.load(file))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("found none at");
    Files.writeString(file, "{\"format\": ");
    assertThatThrownBy(() -> Calibration.load(file))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("expected JSON");
    Files.writeString(file, "{\"format\": \"other\"}");
    assertThatThrownBy(() -> Calibration.load(file))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("qalibre-statistics");
    Files.writeString(
        file,
        """
        {"format": "qalibre-statistics", "version": 1, "statistics": {"x": {"min": 0}}}
        """);
    assertThatThrownBy(() -> Calibration.load(file))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("$.statistics[\"x\"]")
        .hasMessageContaining("`max` is no number");
    Files.writeString(
        file,
        """
        {"format": "qalibre-statistics", "version": 1, "statistics": [1]}
        """);
    assertThatThrownBy(() -> Calibration.load(file))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("at $.statistics: expected an object, found ARRAY");
    Files.writeString(
        file,
        """
        {"format": "qalibre-statistics", "version": 1, "statistics": {"x": {"min": 0, "max": 1,
         "histogram": {"first": 0, "width": 1, "bins": 1, "batches": [{"counts": {"0": 1}}]}}}}
        """);
    assertThatThrownBy(() -> Calibration.load(file))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("`counts` is no list");
  }

  @Test
  void a_calibration_of_another_network_is_refused() {
    Network other =
        new Network(Net.input(3, 6, 6).conv("other", "x", 4, 3, 3, 3).build("other"), List.of());
    Calibration seen = other.simulate(QuantConfig.int8()).calibrate(samples(0, 8));

    assertThatThrownBy(() -> SIM.computeEncodings(seen))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("no statistics of [r, d, y]");
  }
}
