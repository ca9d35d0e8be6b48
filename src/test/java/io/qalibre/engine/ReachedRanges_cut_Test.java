package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.Network;
import io.qalibre.Qalibre;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizedNetwork;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A convolution with a ReLU6, one with a ReLU, and one with nothing behind it. */
class ReachedRanges_cut_Test {
  private static final Labelled SAMPLES = Labelled.of(Net.data(1, 32, 4, 6, 6));

  private static Graph graph() {
    return Net.input(4, 6, 6)
        .constant("low", Tensor.scalar(0))
        .constant("high", Tensor.scalar(0.75f))
        .conv("c1", "x", 8, 4, 3, 3)
        .op("six", "Clip", List.of("c1", "low", "high"))
        .conv("c2", "six", 8, 8, 1, 1)
        .op("relu", "Relu", List.of("c2"))
        .conv("c3", "relu", 8, 8, 1, 1)
        .build("c3");
  }

  private static Simulation simulation() {
    Network net = Qalibre.of(graph());
    QuantizedNetwork q = net.simulate(QuantConfig.int8()).computeEncodings(SAMPLES);
    return q.simulation();
  }

  private static String id(Simulation simulation, String tensor) {
    return simulation.graph().quantizers().stream()
        .filter(q -> q.enabled() && q.tensor().equals(tensor))
        .map(QuantizerNode::id)
        .findFirst()
        .orElseThrow();
  }

  private static Encoding grid(Simulation simulation, String tensor) {
    return simulation.encoding(id(simulation, tensor)).first();
  }

  private static Simulation with(Simulation simulation, String tensor, double scale, long offset) {
    Map<String, TensorEncoding> changed = new LinkedHashMap<>(simulation.encodings());
    Encoding grid = Encoding.of(scale, offset, 255, 8, false);
    changed.put(id(simulation, tensor), TensorEncoding.perTensor(grid));
    return new Simulation(simulation.graph(), changed);
  }

  @Test
  void what_was_calibrated_stays_to_the_bit() {
    Simulation simulation = simulation();

    assertThat(ReachedRanges.cut(simulation).encodings()).isEqualTo(simulation.encodings());
  }

  @Test
  void a_range_beyond_the_bound_ends_there() {
    Simulation simulation = simulation();
    Simulation learned = with(simulation, "six", 0.75001 / 255, 0);

    Simulation cut = ReachedRanges.cut(learned);

    assertThat((float) grid(cut, "six").max()).isEqualTo(0.75f);
    assertThat(cut.encodings()).isEqualTo(with(simulation, "six", 0.75f / 255f, 0).encodings());
  }

  @Test
  void a_range_below_the_bound_and_those_without_a_bound_stay() {
    Simulation learned =
        with(with(with(simulation(), "six", 0.7 / 255, 0), "relu", 90 / 255.0, 0), "c3", 1, -120);

    assertThat(ReachedRanges.cut(learned).encodings()).isEqualTo(learned.encodings());
  }

  @Test
  void behind_a_ReLU_no_code_is_negative() {
    Simulation cut = ReachedRanges.cut(with(simulation(), "relu", 0.01, -3));

    assertThat(grid(cut, "relu").offset()).isZero();
    assertThat(grid(cut, "relu").max()).isCloseTo(2.52, within(1e-6));
  }

  @Test
  void ONNX_Runtime_runs_what_has_been_trained_in_integers(@TempDir Path folder) {
    QuantizedNetwork q = Qalibre.of(graph()).simulate(QuantConfig.int8()).computeEncodings(SAMPLES);
    QuantizedNetwork tuned;
    try (var trainable = q.trainable()) {
      trainable
          .model()
          .getBlock()
          .getParameters()
          .forEach(
              p -> {
                if (p.getKey().endsWith("six.range_max")) {
                  p.getValue().getArray().addi(1e-4f);
                }
              });
      tuned = trainable.freeze();
    }

    assertThat((float) grid(tuned.simulation(), "six").max()).isEqualTo(0.75f);
    assertThat(tuned.export(folder, "net").verify(SAMPLES).agreement().sqnr()).isGreaterThan(30);
  }
}
