package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.QuantizerEdit;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.data.Samples;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.FakeQuantizer;
import io.qalibre.quant.Histogram;
import io.qalibre.quant.Range;
import io.qalibre.quant.Statistics;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class Calibrator_calibrate_Test {
  private static final Tensor DATA = Net.data(1, 12, 3, 6, 6);
  private static final Graph GRAPH = placed(network());

  private static Graph network() {
    return Net.input(3, 6, 6)
        .conv("c", "x", 4, 3, 3, 3)
        .op("r", "Relu", List.of("c"))
        .conv("d", "r", 4, 4, 1, 1)
        .op("f", "Flatten", List.of("d"))
        .linear("y", "f", 2, 144)
        .build("y");
  }

  private static Graph placed(Graph graph) {
    return Placement.place(graph, RuntimeConfig.builtIn("int8"), PlacementOptions.DEFAULT);
  }

  private static Labelled data(int batch) {
    return Labelled.of(DATA).batch(batch);
  }

  @Test
  void the_range_of_an_activation_is_what_the_network_computes_with_quantized_weights() {
    Calibrator.Result result = Calibrator.calibrate(GRAPH, data(5));

    Map<String, Tensor> weights = new java.util.HashMap<>();
    for (QuantizerNode node : GRAPH.quantizers()) {
      if (node.enabled() && node.parameter()) {
        Tensor weight = GRAPH.initializer(node.input());
        TensorEncoding encoding = result.simulation().encoding(node.id());
        weights.put(
            node.input(),
            Tensor.of(
                FakeQuantizer.apply(weight.floats(), weight.sizes(), encoding), weight.sizes()));
      }
    }
    assertThat(weights.keySet()).containsExactlyInAnyOrder("c.weight", "d.weight", "y.weight");
    Graph rounded = network().withInitializers(weights);
    for (String tensor : List.of("x", "r", "d", "y")) {
      Graph shows =
          rounded.toBuilder()
              .output(
                  new io.qalibre.graph.ValueInfo(
                      tensor, io.qalibre.graph.DataType.FLOAT, DATA.shape()))
              .build();
      float[] values = Runner.run(Simulation.of(shows), Map.of("x", DATA)).get(tensor).floats();
      Range seen = result.statistics().get(id(tensor)).range();
      assertThat(seen.min()).isCloseTo(min(values), within(1e-4));
      assertThat(seen.max()).isCloseTo(max(values), within(1e-4));
    }
  }

  private static double min(float[] values) {
    double min = Double.POSITIVE_INFINITY;
    for (float v : values) {
      min = Math.min(min, v);
    }
    return min;
  }

  private static double max(float[] values) {
    double max = Double.NEGATIVE_INFINITY;
    for (float v : values) {
      max = Math.max(max, v);
    }
    return max;
  }

  private static String id(String tensor) {
    return GRAPH.quantizers().stream()
        .filter(q -> q.tensor().equals(tensor))
        .map(QuantizerNode::id)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void the_batches_do_not_matter() {
    Calibrator.Result one = Calibrator.calibrate(GRAPH, data(12));

    for (int batch : new int[] {1, 5, 6}) {
      Calibrator.Result split = Calibrator.calibrate(GRAPH, data(batch));

      assertThat(split.simulation().encodings().keySet())
          .isEqualTo(one.simulation().encodings().keySet());
      split
          .simulation()
          .encodings()
          .forEach(
              (id, encoding) -> {
                Encoding expected = one.simulation().encoding(id).first();
                assertThat(encoding.first().scale())
                    .isCloseTo(expected.scale(), within(1e-5 * expected.scale()));
                assertThat(encoding.first().offset()).isEqualTo(expected.offset());
              });
    }
  }

  @Test
  void a_histogram_counts_every_value_once() {
    Calibrator.Result result = Calibrator.calibrate(GRAPH, data(5));

    Histogram input = result.statistics().get(id("x")).histogram();
    assertThat(input).isNotNull();
    assertThat(input.total()).isEqualTo(DATA.size());
    long[] counts = new long[input.bins()];
    for (float value : DATA.floats()) {
      counts[(int) Math.floor((value - input.grid().start()) / input.grid().width())]++;
    }
    // A value on the border of two bins may be counted in either.
    long moved = 0;
    for (int i = 0; i < counts.length; i++) {
      moved += Math.abs(counts[i] - input.counts()[i]);
    }
    assertThat(moved).isLessThanOrEqualTo(DATA.size() / 100);
    double edges = -input.grid().start() / input.grid().width();
    assertThat(edges).isCloseTo(Math.rint(edges), within(1e-9));
  }

  @Test
  void constant_data_and_zeros_give_a_grid() {
    Tensor zeros = Tensor.of(new float[108], 1, 3, 6, 6);
    Calibrator.Result result = Calibrator.calibrate(GRAPH, Labelled.of(zeros));

    Encoding grid = result.simulation().encoding(id("x")).first();
    assertThat(grid.scale()).isPositive();
    assertThat(grid.fakeQuantize(0)).isZero();
    assertThat(result.statistics().get(id("x"))).isEqualTo(new Statistics(new Range(0, 0), null));
  }

  @Test
  void every_enabled_quantizer_has_an_encoding_and_no_other() {
    Calibrator.Result result = Calibrator.calibrate(GRAPH, data(12));

    assertThat(result.simulation().encodings().keySet())
        .containsExactlyInAnyOrderElementsOf(
            GRAPH.quantizers().stream()
                .filter(QuantizerNode::enabled)
                .map(QuantizerNode::id)
                .toList());
    assertThat(result.simulation().graph()).isSameAs(GRAPH);
    assertThat(result.simulation().encoding(id("c.weight")).grids()).hasSize(4);
  }

  private static void assertRefused(Graph graph, Labelled data, String message) {
    assertThatThrownBy(() -> Calibrator.calibrate(graph, data))
        .isInstanceOf(QalibreException.class)
        .hasMessage(message);
  }

  @Test
  void what_is_no_number_names_its_tensor() {
    float[] bad = DATA.floats();
    bad[500] = Float.NaN;
    Labelled broken = Labelled.of(Tensor.of(bad, DATA.sizes())).batch(4);
    assertRefused(GRAPH, broken, "activation `x` holds NaN or infinity (range NaN to NaN)");
    bad[500] = Float.POSITIVE_INFINITY;
    assertThatThrownBy(() -> Calibrator.calibrate(GRAPH, Labelled.of(Tensor.of(bad, DATA.sizes()))))
        .isInstanceOf(QalibreException.class)
        .hasMessageStartingWith("activation `x` holds NaN or infinity")
        .hasMessageContaining("Infinity");

    float[] wide = DATA.floats();
    wide[500] = 1.2e38f;
    wide[501] = -1.2e38f;
    assertThatThrownBy(
            () -> Calibrator.calibrate(GRAPH, Labelled.of(Tensor.of(wide, DATA.sizes()))))
        .isInstanceOf(QalibreException.class)
        .hasMessageStartingWith("activation `x` cannot be quantized: not bins: width Infinity");

    float[] weight = GRAPH.initializer("d.weight").floats();
    weight[3] = Float.NaN;
    Graph sick = GRAPH.withInitializers(Map.of("d.weight", Tensor.of(weight, 4, 4, 1, 1)));
    assertRefused(sick, data(4), "parameter `d.weight` cannot be quantized: value 3 is NaN");

    float[] bias = GRAPH.initializer("d.bias").floats();
    bias[1] = Float.NaN;
    Graph blind = GRAPH.withInitializers(Map.of("d.bias", Tensor.of(bias, 4)));
    assertRefused(blind, data(4), "activation `d` holds NaN or infinity (range NaN to NaN)");
  }

  @Test
  void data_that_does_not_fit_is_told() {
    assertRefused(
        GRAPH,
        Labelled.of(Tensor.of(new float[0], 0, 3, 6, 6)),
        "calibrate: the dataset is empty; expected at least one sample");
    assertRefused(
        GRAPH,
        Labelled.of(Net.data(1, 2, 1, 6, 6)),
        "input `x` takes N×3×6×6, found 2×1×6×6; for the datasets of Datasets call .as(3, 6)");
  }

  @Test
  void samples_need_no_labels_and_go_by_name() {
    Calibrator.Result own = Calibrator.calibrate(GRAPH, Samples.of(List.of(Map.of("x", DATA))));

    assertThat(own.simulation()).isEqualTo(Calibrator.calibrate(GRAPH, data(12)).simulation());
  }

  @Test
  void an_interrupt_stops_it() {
    Labelled interrupting = data(4).before(i -> Thread.currentThread().interrupt());

    assertThatThrownBy(() -> Calibrator.calibrate(GRAPH, interrupting))
        .isInstanceOf(InterruptedWorkException.class);
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void two_bits_to_sixteen_are_calibrated_and_run() {
    List<Double> errors = new ArrayList<>();
    float[] expected = Runner.run(Simulation.of(network()), Map.of("x", DATA)).get("y").floats();
    for (int bits : new int[] {2, 4, 8, 16}) {
      PlacementOptions options =
          PlacementOptions.DEFAULT
              .withActivationBits(bits)
              .with(new QuantizerEdit.Bits("weight", bits));
      Graph graph = Placement.place(network(), RuntimeConfig.builtIn("int8"), options);
      Simulation simulation = Calibrator.calibrate(graph, data(12)).simulation();
      float[] found = Runner.run(simulation, Map.of("x", DATA)).get("y").floats();
      double error = 0;
      for (int i = 0; i < found.length; i++) {
        error += Math.abs(found[i] - expected[i]);
      }
      errors.add(error);
    }

    assertThat(errors).isSortedAccordingTo((a, b) -> Double.compare(b, a));
    assertThat(errors.get(3)).isLessThan(errors.get(0) / 100);
    assertThat(errors).allMatch(Double::isFinite);
  }
}
