package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class Calibrator_recalibrate_Test {
  private static final Labelled DATA = Labelled.random(2, 12, 3, 6, 6).batch(4);
  private static final Graph GRAPH =
      Placement.place(
          Net.input(3, 6, 6).conv("y", "x", 4, 3, 3, 3).build("y"),
          RuntimeConfig.builtIn("per_tensor"),
          PlacementOptions.DEFAULT);

  private static QuantizerNode quantizer(String tensor) {
    return GRAPH.quantizers().stream()
        .filter(q -> q.tensor().equals(tensor))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void without_other_encodings_it_is_calibration() {
    Calibrator.Result first = Calibrator.calibrate(GRAPH, DATA);

    Calibrator.Result again = Calibrator.recalibrate(first.simulation(), DATA);

    assertThat(again.simulation().encodings()).isEqualTo(first.simulation().encodings());
    assertThat(again.statistics().keySet()).isEqualTo(first.statistics().keySet());
  }

  @Test
  void parameters_keep_their_grids_and_activations_are_seen_with_them() {
    Simulation first = Calibrator.calibrate(GRAPH, DATA).simulation();
    String weight = quantizer("y.weight").id();
    Encoding grid = first.encoding(weight).first();
    // So narrow that weights are clipped to a tenth: the outputs shrink.
    TensorEncoding narrow =
        TensorEncoding.perTensor(
            Encoding.of(grid.scale() / 10, grid.offset(), grid.steps(), 8, true));
    Map<String, TensorEncoding> encodings = new LinkedHashMap<>(first.encodings());
    encodings.put(weight, narrow);

    Simulation again = Calibrator.recalibrate(new Simulation(GRAPH, encodings), DATA).simulation();

    String output = quantizer("y").id();
    assertThat(again.encoding(weight)).isEqualTo(narrow);
    assertThat(again.encoding(output).max()).isLessThan(0.6 * first.encoding(output).max());
    assertThat(again.encoding(quantizer("x").id())).isEqualTo(first.encoding(quantizer("x").id()));
  }

  @Test
  void a_parameter_without_encoding_is_named() {
    assertThatThrownBy(() -> Calibrator.recalibrate(Simulation.of(GRAPH), DATA))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("no encoding `" + quantizer("y.weight").id() + "`");
  }

  @Test
  void batches_in_memory_run_like_a_dataset() {
    Simulation simulation = Calibrator.calibrate(GRAPH, DATA).simulation();
    Tensor picture = Net.data(4, 2, 3, 6, 6);
    List<Tensor> outputs = new java.util.ArrayList<>();

    Runner.forEach(
        simulation,
        List.of(Map.of("x", picture, "unread", picture), Map.of("x", picture)),
        batch -> outputs.add(batch.get("y")));

    Tensor expected = Runner.run(simulation, Map.of("x", picture)).get("y");
    assertThat(outputs).containsExactly(expected, expected);
  }
}
