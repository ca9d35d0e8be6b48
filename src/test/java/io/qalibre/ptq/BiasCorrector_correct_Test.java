package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.engine.Calibrator;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.BatchNormFolding;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.FakeQuantizer;
import io.qalibre.quant.WeightEncodings;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BiasCorrector_correct_Test {
  private static final Labelled DATA = Labelled.of(Net.data(3, 12, 3, 8, 8)).batch(5);

  /** Every kind of layer, one after the other and side by side. */
  private static Net layers() {
    return Net.input(3, 8, 8)
        .conv("a", "x", 6, 3, 3, 3)
        .op("ra", "Relu", List.of("a"))
        .grouped("d", "ra", 6, 6, 1, 3, 3)
        .op("rd", "Relu", List.of("d"))
        .convNoBias("n", "rd", 6, 6, 1, 1)
        .op("sum", "Add", List.of("n", "ra"))
        .random("t.weight", 6, 4, 2, 2)
        .random("t.bias", 4)
        .op(
            "t",
            "ConvTranspose",
            List.of("sum", "t.weight", "t.bias"),
            "strides",
            List.of(2L, 2L),
            "kernel_shape",
            List.of(2L, 2L))
        .op("rt", "Relu", List.of("t"))
        .op("pool", "GlobalAveragePool", List.of("rt"))
        .op("f", "Flatten", List.of("pool"))
        .linear("g", "f", 5, 4)
        .random("m.weight", 5, 7)
        .random("m.bias", 7)
        .op("m", "MatMul", List.of("g", "m.weight"))
        .op("y", "Add", List.of("m", "m.bias"));
  }

  private static Simulation simulation(Graph graph, int bits) {
    Graph placed =
        Placement.place(
            graph,
            RuntimeConfig.builtIn("per_tensor"),
            PlacementOptions.DEFAULT.withParameterBits(bits));
    return Calibrator.calibrate(placed, DATA).simulation();
  }

  private static BiasShifts correct(Simulation simulation, Graph floating, BiasCorrection options) {
    return BiasCorrector.correct(simulation, floating, List.of(), DATA, options);
  }

  private static Map<String, double[]> means(Simulation simulation) {
    return ChannelMeans.of(
        new Batchwise("test", DATA, 0), simulation, LinearLayer.of(simulation.graph()));
  }

  private static double farthest(double[] one, double[] other) {
    double farthest = 0;
    for (int i = 0; i < one.length; i++) {
      farthest = Math.max(farthest, Math.abs(one[i] - other[i]));
    }
    return farthest;
  }

  @Test
  void every_layers_output_has_the_float_networks_means() {
    Graph graph = layers().build("y");
    Simulation simulation = simulation(graph, 4);
    Map<String, double[]> expected = means(Simulation.of(graph));
    Map<String, double[]> before = means(Activations.off(simulation));

    BiasShifts shifts = correct(simulation, graph, BiasCorrection.EMPIRICAL);

    Map<String, double[]> after = means(Activations.off(shifts.simulation()));
    assertThat(after.keySet()).containsExactly("a", "d", "n", "t", "g", "m");
    for (String layer : List.of("a", "d", "n", "t", "g", "m")) {
      assertThat(farthest(before.get(layer), expected.get(layer))).as(layer).isGreaterThan(1e-3);
      assertThat(farthest(after.get(layer), expected.get(layer))).as(layer).isLessThan(1e-5);
    }
    assertThat(shifts.layers())
        .extracting(BiasShifts.Layer::bias)
        .containsExactly("a.bias", "d.bias", "n.bias", "t.bias", "g.bias", "m.bias");
  }

  @Test
  void names_encodings_and_weights_stay() {
    Graph graph = layers().build("y");
    Simulation simulation = simulation(graph, 8);

    Simulation corrected = correct(simulation, graph, BiasCorrection.EMPIRICAL).simulation();

    assertThat(corrected.encodings()).isEqualTo(simulation.encodings());
    assertThat(corrected.graph().nodes())
        .extracting(node -> node.name())
        .isEqualTo(simulation.graph().nodes().stream().map(node -> node.name()).toList());
    assertThat(corrected.graph().initializers().keySet())
        .containsAll(simulation.graph().initializers().keySet())
        .hasSize(simulation.graph().initializers().size() + 1)
        .contains("n.bias");
    assertThat(corrected.graph().initializer("a.weight"))
        .isEqualTo(simulation.graph().initializer("a.weight"));
  }

  @Test
  void a_shift_is_the_weights_error_times_the_mean_of_the_input() {
    Graph graph = Net.input(3, 8, 8).conv("a", "x", 4, 3, 1, 1).build("a");
    Simulation simulation = simulation(graph, 4);
    Tensor weight = graph.initializer("a.weight");
    QuantizerNode quantizer = LinearLayer.of(simulation.graph()).get(0).quantizer();
    float[] rounded =
        FakeQuantizer.apply(weight.floats(), weight.sizes(), simulation.encoding(quantizer.id()));
    double[] input = new double[3];
    float[] values = Net.data(3, 12, 3, 8, 8).floats();
    for (int i = 0; i < values.length; i++) {
      input[i / 64 % 3] += values[i] / (12.0 * 64);
    }

    BiasShifts shifts = correct(simulation, graph, BiasCorrection.EMPIRICAL);

    for (int o = 0; o < 4; o++) {
      double shift = 0;
      for (int i = 0; i < 3; i++) {
        shift += (rounded[3 * o + i] - weight.floats()[3 * o + i]) * input[i];
      }
      assertThat(shifts.layers().get(0).shifts().get(o)).isCloseTo(shift, within(1e-6));
    }
  }

  @Test
  void what_is_kept_between_layers_does_not_change_the_result() {
    Graph graph = layers().build("y");
    Simulation simulation = simulation(graph, 4);

    List<BiasShifts.Layer> kept = correct(simulation, graph, BiasCorrection.EMPIRICAL).layers();

    assertThat(correct(simulation, graph, BiasCorrection.EMPIRICAL).layers()).isEqualTo(kept);
    for (long memory : new long[] {0, 60_000, 20_000}) {
      BiasShifts streamed = correct(simulation, graph, BiasCorrection.EMPIRICAL.withMemory(memory));
      for (int i = 0; i < kept.size(); i++) {
        for (int c = 0; c < kept.get(i).shifts().size(); c++) {
          assertThat(streamed.layers().get(i).shifts().get(c))
              .isCloseTo(kept.get(i).shifts().get(c), within(1e-6));
        }
      }
    }
  }

  @Test
  void means_may_be_measured_with_activations_quantized() {
    Graph graph = layers().build("y");
    Simulation simulation = simulation(graph, 4);
    BiasCorrection options = BiasCorrection.EMPIRICAL.withActivationsQuantized(true);

    BiasShifts shifts = correct(simulation, graph, options);

    Map<String, double[]> expected = means(Simulation.of(graph));
    Map<String, double[]> after = means(shifts.simulation());
    for (String layer : List.of("a", "d", "n", "t", "g", "m")) {
      assertThat(farthest(after.get(layer), expected.get(layer))).as(layer).isLessThan(1e-5);
    }
  }

  @Test
  void biases_that_are_not_a_layers_own_stay() {
    Graph graph =
        Net.input(4, 8, 8)
            .random("shared", 4)
            .random("w", 4, 4, 1, 1)
            .random("v", 4, 4, 1, 1)
            .op("a", "Conv", List.of("x", "w", "shared"))
            .op("b", "Conv", List.of("a", "v", "shared"))
            .op("pool", "GlobalAveragePool", List.of("b"))
            .op("f", "Flatten", List.of("pool"))
            .random("m.weight", 4, 3)
            .op("m", "MatMul", List.of("f", "m.weight"))
            .build("m");
    Labelled data = Labelled.of(Net.data(3, 4, 4, 8, 8));
    Graph placed = Placement.place(graph, RuntimeConfig.builtIn("int8"), PlacementOptions.DEFAULT);
    Simulation simulation = Calibrator.calibrate(placed, data).simulation();

    BiasShifts shifts =
        BiasCorrector.correct(simulation, graph, List.of(), data, BiasCorrection.EMPIRICAL);

    assertThat(shifts.layers()).hasSize(3).noneMatch(BiasShifts.Layer::corrected);
    assertThat(shifts.simulation().graph().initializers())
        .isEqualTo(simulation.graph().initializers());
    assertThat(shifts.summary()).startsWith("0 of 3 biases corrected, by at most ");
  }

  @Test
  void a_quantized_bias_gets_another_encoding() {
    Graph graph = Net.input(3, 8, 8).conv("a", "x", 4, 3, 3, 3).build("a");
    String json =
        """
        {"defaults": {"ops": {"is_output_quantized": "True"},
                      "params": {"is_quantized": "True", "is_symmetric": "True"}},
         "params": {}, "op_type": {}, "supergroups": [],
         "model_input": {}, "model_output": {}}
        """;
    Graph placed =
        Placement.place(
            graph,
            RuntimeConfig.parse("biases", json),
            PlacementOptions.DEFAULT.withParameterBits(4));
    Simulation simulation = Calibrator.calibrate(placed, DATA).simulation();
    QuantizerNode quantizer =
        simulation.graph().quantizers().stream()
            .filter(q -> q.tensor().equals("a.bias"))
            .findFirst()
            .orElseThrow();

    Simulation corrected = correct(simulation, graph, BiasCorrection.EMPIRICAL).simulation();

    Tensor bias = corrected.graph().initializer("a.bias");
    assertThat(bias).isNotEqualTo(graph.initializer("a.bias"));
    assertThat(corrected.encoding(quantizer.id()))
        .isEqualTo(WeightEncodings.of(bias.floats(), bias.sizes(), quantizer.spec()))
        .isNotEqualTo(simulation.encoding(quantizer.id()));
  }

  /** Normal inputs through batch normalizations: the statistics say what the samples would. */
  @Test
  void the_analytical_shift_is_the_one_measured() {
    int channels = 6;
    Graph graph =
        Net.input(channels, 16, 16)
            .constant("one", Tensor.of(identity(channels), channels, channels, 1, 1))
            .op("c", "Conv", List.of("x", "one"))
            .constant("gamma", Tensor.of(new float[] {1, 0.5f, -2, 1, 3, 0.1f}, channels))
            .constant("beta", Tensor.of(new float[] {0, 1, 2, -1, 4, 0.5f}, channels))
            .constant("mean", Tensor.of(new float[channels], channels))
            .constant("var", Tensor.of(new float[] {1, 1, 1, 1, 1, 1}, channels))
            .op("n", "BatchNormalization", List.of("c", "gamma", "beta", "mean", "var"))
            .constant("zero", Tensor.scalar(0))
            .constant("six", Tensor.scalar(6))
            .op("r", "Clip", List.of("n", "zero", "six"))
            .conv("y", "r", 4, channels, 1, 1)
            .build("y");
    BatchNormFolding.Result folded = BatchNormFolding.fold(graph);
    Labelled data = Labelled.of(Net.data(9, 40, channels, 16, 16));
    Graph placed =
        Placement.place(
            folded.graph(),
            RuntimeConfig.builtIn("per_tensor"),
            PlacementOptions.DEFAULT.withParameterBits(4));
    Simulation simulation = Calibrator.calibrate(placed, data).simulation();

    BiasShifts analytical =
        BiasCorrector.correct(
            simulation, folded.graph(), folded.folded(), data, BiasCorrection.ANALYTICAL);
    // With the first layer exact, the second is fed what the statistics describe.
    Simulation exact = new Simulation(folded.graph(), Map.of());
    double[] wanted = means(exact, data).get("y");
    double[] found = means(withRounded(exact, simulation, "y.weight"), data).get("y");

    assertThat(analytical.layers())
        .extracting(BiasShifts.Layer::how)
        .containsExactly("empirical", "analytical");
    for (int c = 0; c < 4; c++) {
      double shift = found[c] - wanted[c];
      assertThat(analytical.layers().get(1).shifts().get(c)).isCloseTo(shift, within(0.01));
    }
    assertThat(analytical.layers().get(1).max()).isGreaterThan(0.05);
  }

  private static float[] identity(int n) {
    float[] values = new float[n * n];
    for (int i = 0; i < n; i++) {
      values[i * n + i] = 1;
    }
    return values;
  }

  private static Map<String, double[]> means(Simulation simulation, Labelled data) {
    return ChannelMeans.of(
        new Batchwise("test", data, 0), simulation, LinearLayer.of(simulation.graph()));
  }

  private static Simulation withRounded(Simulation exact, Simulation quantized, String weight) {
    Tensor value = exact.graph().initializer(weight);
    QuantizerNode quantizer =
        quantized.graph().quantizers().stream()
            .filter(q -> q.tensor().equals(weight))
            .findFirst()
            .orElseThrow();
    float[] rounded =
        FakeQuantizer.apply(value.floats(), value.sizes(), quantized.encoding(quantizer.id()));
    return Simulation.of(
        exact.graph().withInitializers(Map.of(weight, Tensor.of(rounded, value.sizes()))));
  }

  @Test
  void what_is_missing_is_said_before_anything_runs() {
    Graph graph = layers().build("y");
    Simulation simulation = simulation(graph, 8);
    Labelled none = Labelled.of(Tensor.of(new float[0], 0, 3, 8, 8));
    Graph without = Net.input(3, 8, 8).op("y", "Relu", List.of("x")).build("y");

    assertThatThrownBy(() -> correct(simulation, graph, BiasCorrection.ANALYTICAL))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "correctBias: the analytical correction needs the statistics of batch normalizations,"
                + " but none were folded into net; call foldBatchNorms() before simulate(…), or"
                + " correct from samples: BiasCorrection.EMPIRICAL");
    assertThatThrownBy(
            () ->
                BiasCorrector.correct(simulation, graph, List.of(), none, BiasCorrection.EMPIRICAL))
        .isInstanceOf(QalibreException.class)
        .hasMessage("correctBias: the dataset is empty; expected at least one sample");
    assertThatThrownBy(() -> correct(Simulation.of(without), without, BiasCorrection.EMPIRICAL))
        .isInstanceOf(QalibreException.class)
        .hasMessage("correctBias: net has no convolution and no product with a constant weight");
  }

  @Test
  void another_float_network_is_refused() {
    Graph graph = layers().build("y");
    Simulation simulation = simulation(graph, 8);
    float[] other = graph.initializer("d.weight").floats();
    other[4] += other[4] > 0 ? -0.3f : 0.3f;
    Graph trained = graph.withInitializers(Map.of("d.weight", Tensor.of(other, 6, 1, 3, 3)));
    Graph smaller = Net.input(3, 8, 8).conv("a", "x", 5, 3, 3, 3).build("a");

    assertThatThrownBy(() -> correct(simulation, trained, BiasCorrection.EMPIRICAL))
        .isInstanceOf(QalibreException.class)
        .hasMessageStartingWith("weight `d.weight` is ")
        .hasMessageEndingWith("so correct them before training");
    assertThatThrownBy(() -> correct(simulation, smaller, BiasCorrection.EMPIRICAL))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "layer `a`: expected the float network `net` to have it with a weight of 6×3×3×3,"
                + " found 5×3×3×3");
  }

  @Test
  void rounding_up_instead_of_down_is_the_same_network() {
    Graph graph = Net.input(3, 8, 8).conv("a", "x", 4, 3, 1, 1).build("a");
    Simulation simulation = simulation(graph, 4);
    String id = LinearLayer.of(simulation.graph()).get(0).quantizer().id();
    double scale = simulation.encoding(id).first().scale();
    float[] up = graph.initializer("a.weight").floats();
    for (int i = 0; i < up.length; i++) {
      up[i] = (float) (Math.ceil(up[i] / scale) * scale);
    }
    Simulation rounded =
        new Simulation(
            simulation.graph().withInitializers(Map.of("a.weight", Tensor.of(up, 4, 3, 1, 1))),
            simulation.encodings());

    BiasShifts shifts = correct(rounded, graph, BiasCorrection.EMPIRICAL);

    double[] expected = means(Simulation.of(graph)).get("a");
    double[] after = means(Activations.off(shifts.simulation())).get("a");
    assertThat(farthest(after, expected)).isLessThan(1e-5);
  }

  @Test
  void an_interrupt_stops_it() {
    Graph graph = layers().build("y");
    Simulation simulation = simulation(graph, 8);
    Labelled interrupting = DATA.before(i -> Thread.currentThread().interrupt());

    assertThatThrownBy(
            () ->
                BiasCorrector.correct(
                    simulation, graph, List.of(), interrupting, BiasCorrection.EMPIRICAL))
        .isInstanceOf(InterruptedWorkException.class);
    assertThat(Thread.interrupted()).isFalse();
  }

  @Test
  void correcting_again_finds_nothing_left() {
    Graph graph = layers().build("y");
    Simulation once = correct(simulation(graph, 4), graph, BiasCorrection.EMPIRICAL).simulation();

    BiasShifts again = correct(once, graph, BiasCorrection.EMPIRICAL);

    assertThat(again.layers()).allMatch(l -> l.max() < 1e-5);
  }
}
