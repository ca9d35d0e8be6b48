package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.data.Samples;
import io.qalibre.engine.Calibrator;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.BatchNormFolding;
import io.qalibre.graph.Graph;
import io.qalibre.graph.ModelInfo;
import io.qalibre.graph.Node;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchNormReestimation_reestimate_Test {
  private static final Labelled DATA = Labelled.of(Net.data(3, 24, 3, 8, 8)).batch(8);
  private static final Set<String> STATISTICS = Set.of("m.mean", "m.var", "n.mean", "n.var");

  private static Net layers() {
    return Net.input(3, 8, 8)
        .convNoBias("a", "x", 6, 3, 3, 3)
        .batchNorm("m", "a", 6)
        .op("r", "Relu", List.of("m"))
        .conv("b", "r", 4, 6, 3, 3)
        .batchNorm("n", "b", 4)
        .op("y", "Relu", List.of("n"));
  }

  private static Simulation calibrated(Graph graph, int bits) {
    PlacementOptions options =
        PlacementOptions.DEFAULT.withParameterBits(bits).withActivationBits(bits);
    Graph placed = Placement.place(graph, RuntimeConfig.builtIn("int8"), options);
    return Calibrator.calibrate(placed, DATA).simulation();
  }

  /** Such numbers as the script that made the golden ones has: sin(f·i). */
  private static Tensor wave(double f, double offset, long... shape) {
    float[] values = new float[(int) TensorShape.of(shape).elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(f * i) + (float) offset;
    }
    return Tensor.of(values, shape);
  }

  /**
   * The golden numbers are torch 2.7.1's: the network's BatchNorm2d with momentum 1 in training
   * mode, running_mean and running_var averaged over batches of the samples 0 to 2 and 3 to 4.
   */
  @ParameterizedTest
  @ValueSource(longs = {13, 17})
  void the_statistics_are_torchs(long opset) {
    Graph graph =
        Net.input(2, 4, 4)
            .constant("a.weight", wave(0.7, 0, 3, 2, 3, 3))
            .op("a", "Conv", List.of("x", "a.weight"), "pads", List.of(1L, 1L, 1L, 1L))
            .constant("m.gamma", wave(0.9, 1.5, 3))
            .constant("m.beta", wave(1.3, 0, 3))
            .constant("m.mean", wave(Double.NaN, 0, 3))
            .constant("m.var", wave(1, 1, 3))
            .op("m", "BatchNormalization", norm("m", "a"), "epsilon", 1e-3f)
            .op("r", "Relu", List.of("m"))
            .constant("b.weight", wave(1.1, 0, 2, 3, 1, 1))
            .op("b", "Conv", List.of("r", "b.weight"))
            .constant("n.gamma", wave(0.5, 1, 2))
            .constant("n.beta", wave(0.3, 0, 2))
            .constant("n.mean", wave(1, 0, 2))
            .constant("n.var", wave(1, 1, 2))
            .op("y", "BatchNormalization", norm("n", "b"), "epsilon", 1e-3f)
            .build("y");
    graph = graph.toBuilder().info(new ModelInfo(opset, 8, "", "", Map.of())).build();
    Labelled data = Labelled.of(wave(0.37, 0, 5, 2, 4, 4)).batch(3);

    Graph found = BatchNormReestimation.reestimate(Simulation.of(graph), data).simulation().graph();

    assertClose(found, "m.mean", -0.490798f, -0.48890975f, -0.48646855f);
    assertClose(found, "m.var", 18.925846f, 19.057938f, 19.176231f);
    assertClose(found, "n.mean", 2.4655225f, -2.5224218f);
    assertClose(found, "n.var", 7.5062504f, 7.878771f);
  }

  private static List<String> norm(String parameters, String input) {
    return List.of(
        input,
        parameters + ".gamma",
        parameters + ".beta",
        parameters + ".mean",
        parameters + ".var");
  }

  private static void assertClose(Graph graph, String tensor, float... expected) {
    assertThat(graph.initializer(tensor).floats())
        .as(tensor)
        .usingComparatorWithPrecision(3e-6f * Math.abs(expected[0]))
        .containsExactly(expected);
  }

  @Test
  void statistics_that_were_wrecked_come_back() {
    Graph start = layers().build("y");
    Graph graph = BatchNormReestimation.reestimate(Simulation.of(start), DATA).simulation().graph();
    Simulation sim = calibrated(graph, 16);
    Map<String, Tensor> wrecked = new LinkedHashMap<>();
    STATISTICS.forEach(t -> wrecked.put(t, wave(3, 50, graph.initializer(t).sizes())));
    Simulation before = new Simulation(sim.graph().withInitializers(wrecked), sim.encodings());

    ReestimatedNorms found = BatchNormReestimation.reestimate(before, DATA);

    for (String tensor : STATISTICS) {
      float[] expected = graph.initializer(tensor).floats();
      float[] values = found.simulation().graph().initializer(tensor).floats();
      for (int c = 0; c < values.length; c++) {
        assertThat(values[c]).as(tensor).isCloseTo(expected[c], within(1e-3f));
      }
    }
    assertThat(found.norms()).extracting(ReestimatedNorms.Norm::name).containsExactly("m", "n");
    assertThat(found.norms()).allMatch(n -> n.mean() > 10 && n.max() > n.mean());
    assertThat(found.norms()).allMatch(n -> n.smallest() < n.largest() && n.largest() < 0.6);
  }

  /** What the quantized layers give is measured, not what the float ones do. */
  @Test
  void the_quantized_network_is_measured() {
    Graph graph = layers().build("y");

    Graph coarse =
        BatchNormReestimation.reestimate(calibrated(graph, 3), DATA).simulation().graph();
    Graph fine = BatchNormReestimation.reestimate(calibrated(graph, 16), DATA).simulation().graph();

    float[] one = coarse.initializer("n.var").floats();
    float[] other = fine.initializer("n.var").floats();
    for (int c = 0; c < one.length; c++) {
      assertThat(Math.abs(one[c] / other[c] - 1)).isBetween(1e-3f, 1f);
    }
  }

  @Test
  void nothing_but_statistics_changes_and_the_same_samples_give_the_same_bits() {
    Simulation before = calibrated(layers().build("y"), 8);

    Simulation after = BatchNormReestimation.reestimate(before, DATA).simulation();

    assertThat(after.graph().nodes()).isEqualTo(before.graph().nodes());
    assertThat(after.graph().nodes().stream().map(Node::name)).contains("m", "n");
    assertThat(after.encodings()).isEqualTo(before.encodings());
    assertThat(after.graph().initializers().keySet())
        .isEqualTo(before.graph().initializers().keySet());
    after
        .graph()
        .initializers()
        .forEach(
            (tensor, value) -> {
              boolean equal = value.equals(before.graph().initializer(tensor));
              assertThat(equal).as(tensor).isEqualTo(!STATISTICS.contains(tensor));
            });
    assertThat(BatchNormReestimation.reestimate(before, DATA).simulation().graph().initializers())
        .isEqualTo(after.graph().initializers());
  }

  @Test
  void statistics_that_are_quantized_get_new_encodings() {
    String config =
        """
        {"defaults": {"ops": {"is_output_quantized": "True"}, "params": {"is_quantized": "True"}},
         "params": {}, "op_type": {}, "supergroups": [], "model_input": {}, "model_output": {}}
        """;
    Graph graph =
        Placement.place(
            layers().build("y"), RuntimeConfig.parse("all", config), PlacementOptions.DEFAULT);
    Simulation before = Calibrator.calibrate(graph, DATA).simulation();
    QuantizerNode mean = quantizer(graph, "n.mean");

    Simulation after = BatchNormReestimation.reestimate(before, DATA).simulation();

    float[] values = after.graph().initializer("n.mean").floats();
    double max = after.encoding(mean.id()).max();
    assertThat(mean.enabled()).isTrue();
    assertThat(after.encoding(mean.id())).isNotEqualTo(before.encoding(mean.id()));
    for (float value : values) {
      assertThat((double) value)
          .isLessThanOrEqualTo(max + after.encoding(mean.id()).first().scale());
    }
    String gamma = quantizer(graph, "n.gamma").id();
    assertThat(after.encoding(gamma)).isEqualTo(before.encoding(gamma));
  }

  private static QuantizerNode quantizer(Graph graph, String tensor) {
    return graph.quantizers().stream()
        .filter(q -> q.tensor().equals(tensor))
        .findFirst()
        .orElseThrow();
  }

  /** A layer that is used twice has one normalization's statistics, of all that reaches it. */
  @Test
  void normalizations_that_share_statistics_get_the_mean_over_both() {
    Net net =
        Net.input(3, 8, 8)
            .op("low", "Mul", List.of("x", "half"))
            .constant("half", Tensor.scalar(0.5f))
            .batchNorm("m", "x", 3)
            .op("again", "BatchNormalization", norm("m", "low"), "epsilon", 1e-3f)
            .op("y", "Add", List.of("m", "again"));
    Graph shared = net.build("y");
    Graph alone = Net.input(3, 8, 8).batchNorm("m", "x", 3).build("m");

    float[] found =
        BatchNormReestimation.reestimate(Simulation.of(shared), DATA)
            .simulation()
            .graph()
            .initializer("m.var")
            .floats();

    float[] one =
        BatchNormReestimation.reestimate(Simulation.of(alone), DATA)
            .simulation()
            .graph()
            .initializer("m.var")
            .floats();
    for (int c = 0; c < found.length; c++) {
      assertThat(found[c]).isCloseTo(one[c] * (1 + 0.25f) / 2, within(1e-5f));
    }
  }

  @Test
  void a_network_without_live_statistics_is_refused() {
    Graph none = Net.input(3, 8, 8).conv("y", "x", 4, 3, 3, 3).build("y");
    // Folding leaves a normalization that follows no layer, and puts its statistics into γ and β.
    Graph lone =
        BatchNormFolding.fold(
                Net.input(3, 8, 8).op("r", "Relu", List.of("x")).batchNorm("y", "r", 3).build("y"))
            .graph();

    for (Graph graph : List.of(none, lone)) {
      assertThatThrownBy(() -> BatchNormReestimation.reestimate(Simulation.of(graph), DATA))
          .isInstanceOf(QalibreException.class)
          .hasMessage(
              "reestimateBatchNorms: net has no batch normalization with statistics; they are"
                  + " estimated before they are folded: call simulate(…) without foldBatchNorms()"
                  + " before it");
    }
  }

  @Test
  void statistics_that_are_something_else_too_are_refused() {
    Graph shared =
        Net.input(3, 8, 8)
            .batchNorm("m", "x", 3)
            .op("n", "BatchNormalization", List.of("m", "m.gamma", "m.mean", "m.mean", "m.var"))
            .build("n");
    Graph computed =
        Net.input(3, 8, 8)
            .batchNorm("m", "x", 3)
            .op("twice", "Add", List.of("m.var", "m.var"))
            .op("n", "BatchNormalization", List.of("m", "m.gamma", "m.beta", "m.mean", "twice"))
            .build("n");

    assertThatThrownBy(() -> BatchNormReestimation.reestimate(Simulation.of(shared), DATA))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "batch normalization `m`: expected statistics that nothing else reads, but `n` reads"
                + " `m.mean`");
    assertThatThrownBy(() -> BatchNormReestimation.reestimate(Simulation.of(computed), DATA))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "batch normalization `m`: expected statistics that nothing else reads, but `twice`"
                + " reads `m.var`");
  }

  @Test
  void a_batch_of_one_value_a_channel_and_samples_that_do_not_fit_are_refused() {
    Graph graph = Net.input(4).linear("a", "x", 3, 4).batchNorm("y", "a", 3).build("y");
    Labelled rest = Labelled.of(Net.data(1, 5, 4)).batch(4);
    Labelled other = Labelled.of(Net.data(1, 4, 7)).batch(4);

    assertThatThrownBy(() -> BatchNormReestimation.reestimate(Simulation.of(graph), rest))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "batch normalization `y`: expected two values a channel or more in each batch, found 1:"
                + " choose larger batches, and a number of samples that leaves no rest");
    assertThatThrownBy(() -> BatchNormReestimation.reestimate(Simulation.of(graph), other))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("x");
    assertThatThrownBy(
            () ->
                BatchNormReestimation.reestimate(
                    Simulation.of(graph), Samples.of(List.of(Map.of("z", Net.data(1, 4, 4))))))
        .isInstanceOf(QalibreException.class);
  }
}
