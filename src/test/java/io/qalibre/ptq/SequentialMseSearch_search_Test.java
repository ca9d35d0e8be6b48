package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.engine.Calibrator;
import io.qalibre.engine.Runner;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.ptq.SequentialMse.Loss;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.FakeQuantizer;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SequentialMseSearch_search_Test {
  private static final Tensor PICTURES = Net.data(3, 6, 4, 32, 32);
  private static final Labelled DATA = Labelled.of(PICTURES).batch(4);

  private static Simulation simulation(Graph graph, String config, Labelled data) {
    Graph placed =
        Placement.place(
            graph, RuntimeConfig.builtIn(config), PlacementOptions.DEFAULT.withParameterBits(4));
    return Calibrator.calibrate(placed, data).simulation();
  }

  private static TensorEncoding encoding(Simulation simulation, String weight) {
    return simulation.encoding(quantizer(simulation, weight).id());
  }

  private static QuantizerNode quantizer(Simulation simulation, String weight) {
    return simulation.graph().quantizers().stream()
        .filter(q -> q.tensor().equals(weight))
        .findFirst()
        .orElseThrow();
  }

  /** The outputs of the float graph with another value of a weight. */
  private static float[] outputs(Graph graph, String weight, float[] value, Tensor input) {
    Tensor before = graph.initializer(weight);
    Graph changed = graph.withInitializers(Map.of(weight, Tensor.of(value, before.sizes())));
    return Runner.run(Simulation.of(changed), Map.of("x", input)).get("y").floats();
  }

  /** The loss of a grid in the slow way: the network runs with it, and without. */
  private static double[] losses(
      Graph graph, String weight, TensorEncoding encoding, Loss loss, int channels) {
    Tensor value = graph.initializer(weight);
    float[] rounded = FakeQuantizer.apply(value.floats(), value.sizes(), encoding);
    double[] losses = new double[channels];
    int each = 4 * 32 * 32;
    for (int from = 0; from < 6; from += 4) {
      int n = Math.min(4, 6 - from);
      float[] pictures =
          java.util.Arrays.copyOfRange(PICTURES.floats(), from * each, (from + n) * each);
      Tensor input = Tensor.of(pictures, n, 4, 32, 32);
      float[] exact = outputs(graph, weight, value.floats(), input);
      float[] found = outputs(graph, weight, rounded, input);
      double[] batch = new double[channels];
      int plane = exact.length / n / channels;
      for (int i = 0; i < exact.length; i++) {
        double error = Math.abs((double) found[i] - exact[i]);
        batch[i / plane % channels] += loss == Loss.L1 ? error : error * error;
      }
      for (int c = 0; c < channels; c++) {
        losses[c] += loss == Loss.SQNR ? 10 * Math.log10(batch[c]) : batch[c];
      }
    }
    return losses;
  }

  /** A candidate's grid: all scales of symmetric grids go with the range. */
  private static TensorEncoding part(TensorEncoding whole, int k, int n) {
    List<Encoding> grids = new ArrayList<>();
    for (Encoding grid : whole.grids()) {
      float scale = (float) (grid.scale() * (k + 1) / n);
      grids.add(Encoding.of(scale, grid.offset(), grid.steps(), grid.bitwidth(), true));
    }
    return new TensorEncoding(whole.granularity(), grids);
  }

  static Stream<Arguments> layers() {
    return Stream.of(
        Arguments.of("conv", Net.input(4, 32, 32).conv("y", "x", 20, 4, 3, 3).build("y"), 20),
        Arguments.of("groups", Net.input(4, 32, 32).grouped("y", "x", 2, 6, 2, 3, 3).build("y"), 6),
        Arguments.of(
            "depthwise", Net.input(4, 32, 32).grouped("y", "x", 4, 8, 1, 3, 3).build("y"), 8),
        Arguments.of(
            "linear",
            Net.input(4, 32, 32)
                .op("p", "GlobalAveragePool", List.of("x"))
                .op("f", "Flatten", List.of("p"))
                .linear("y", "f", 5, 4)
                .build("y"),
            5),
        Arguments.of(
            "product",
            Net.input(4, 32, 32)
                .op("p", "GlobalAveragePool", List.of("x"))
                .op("f", "Flatten", List.of("p"))
                .random("y.weight", 4, 5)
                .op("y", "MatMul", List.of("f", "y.weight"))
                .build("y"),
            5));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("layers")
  void every_channel_gets_the_candidate_with_the_smallest_loss(
      String what, Graph graph, int channels) {
    Simulation simulation = simulation(graph, "per_channel", DATA);

    ChosenRanges chosen = SequentialMseSearch.search(simulation, DATA, SequentialMse.DEFAULT);

    assertBest(simulation, chosen, Loss.MSE, channels, graph);
  }

  @ParameterizedTest
  @EnumSource(Loss.class)
  void losses_weigh_errors_in_their_way(Loss loss) {
    Graph graph = Net.input(4, 32, 32).conv("y", "x", 6, 4, 3, 3).build("y");
    Simulation simulation = simulation(graph, "per_channel", DATA);

    ChosenRanges chosen =
        SequentialMseSearch.search(simulation, DATA, SequentialMse.DEFAULT.withLoss(loss));

    assertBest(simulation, chosen, loss, 6, graph);
  }

  private static void assertBest(
      Simulation simulation, ChosenRanges chosen, Loss loss, int channels, Graph graph) {
    TensorEncoding whole = encoding(simulation, "y.weight");
    TensorEncoding found = encoding(chosen.simulation(), "y.weight");
    double[] own = losses(graph, "y.weight", found, loss, channels);
    for (int k = 0; k < 20; k++) {
      double[] other = losses(graph, "y.weight", part(whole, k, 20), loss, channels);
      for (int c = 0; c < channels; c++) {
        assertThat(own[c])
            .as("channel %d against candidate %d", c, k)
            .isLessThanOrEqualTo(other[c] + 1e-4 * Math.abs(other[c]));
      }
    }
    List<Double> fractions = chosen.layers().get(0).fractions();
    assertThat(fractions).hasSize(channels).anyMatch(f -> f < 1);
    for (int c = 0; c < channels; c++) {
      double ratio = found.grids().get(c).scale() / whole.grids().get(c).scale();
      assertThat(ratio).isCloseTo(fractions.get(c), within(1e-6));
    }
  }

  @Test
  void a_weight_with_one_grid_gets_the_one_best_for_all_channels() {
    Graph graph = Net.input(4, 32, 32).conv("y", "x", 6, 4, 3, 3).build("y");
    Simulation simulation = simulation(graph, "per_tensor", DATA);

    ChosenRanges chosen = SequentialMseSearch.search(simulation, DATA, SequentialMse.DEFAULT);

    TensorEncoding whole = encoding(simulation, "y.weight");
    TensorEncoding found = encoding(chosen.simulation(), "y.weight");
    assertThat(found.granularity()).isEqualTo(Granularity.PER_TENSOR);
    double own = sum(losses(graph, "y.weight", found, Loss.MSE, 6));
    for (int k = 0; k < 20; k++) {
      double other = sum(losses(graph, "y.weight", part(whole, k, 20), Loss.MSE, 6));
      assertThat(own).isLessThanOrEqualTo(other * (1 + 1e-4));
    }
    ChosenRanges.Layer row = chosen.layers().get(0);
    assertThat(row.after()).isCloseTo(own, within(1e-3 * own)).isLessThan(row.before());
  }

  private static double sum(double[] values) {
    return java.util.Arrays.stream(values).sum();
  }

  /** What the second layer is fed depends on the grid chosen for the first. */
  @Test
  void a_layer_is_fed_what_the_layers_before_it_give_with_their_new_grids() {
    Graph graph =
        Net.input(4, 32, 32)
            .conv("a", "x", 6, 4, 3, 3)
            .op("r", "Relu", List.of("a"))
            .conv("y", "r", 5, 6, 1, 1)
            .build("y");
    Simulation simulation = simulation(graph, "per_channel", DATA);

    ChosenRanges chosen = SequentialMseSearch.search(simulation, DATA, SequentialMse.DEFAULT);

    Tensor first = graph.initializer("a.weight");
    float[] rounded =
        FakeQuantizer.apply(
            first.floats(), first.sizes(), encoding(chosen.simulation(), "a.weight"));
    Graph after = graph.withInitializers(Map.of("a.weight", Tensor.of(rounded, first.sizes())));
    double[] own =
        losses(after, "y.weight", encoding(chosen.simulation(), "y.weight"), Loss.MSE, 5);
    ChosenRanges.Layer row = chosen.layers().get(1);
    assertThat(row.after()).isCloseTo(sum(own), within(1e-3 * row.after()));
  }

  @Test
  void all_but_the_ranges_of_weights_stays() {
    Graph graph =
        Net.input(4, 32, 32)
            .random("t.weight", 4, 4, 1, 1)
            .op("t", "ConvTranspose", List.of("x", "t.weight"), "kernel_shape", List.of(1L, 1L))
            .conv("y", "t", 5, 4, 1, 1)
            .build("y");
    Simulation simulation = simulation(graph, "per_channel", DATA);

    Simulation chosen =
        SequentialMseSearch.search(simulation, DATA, SequentialMse.DEFAULT).simulation();

    assertThat(chosen.graph()).isSameAs(simulation.graph());
    assertThat(chosen.encodings().keySet()).isEqualTo(simulation.encodings().keySet());
    String changed = quantizer(simulation, "y.weight").id();
    simulation
        .encodings()
        .forEach(
            (id, encoding) -> {
              if (!id.equals(changed)) {
                assertThat(chosen.encoding(id)).isEqualTo(encoding);
              }
            });
    assertThat(chosen.encoding(changed)).isNotEqualTo(simulation.encoding(changed));
  }

  @Test
  void what_is_kept_between_layers_does_not_change_the_choice() {
    Graph graph =
        Net.input(4, 32, 32)
            .conv("a", "x", 6, 4, 3, 3)
            .op("r", "Relu", List.of("a"))
            .conv("b", "r", 6, 6, 3, 3)
            .op("s", "Add", List.of("b", "r"))
            .conv("y", "s", 5, 6, 1, 1)
            .build("y");
    Simulation simulation = simulation(graph, "per_channel", DATA);

    Map<String, TensorEncoding> kept =
        SequentialMseSearch.search(simulation, DATA, SequentialMse.DEFAULT)
            .simulation()
            .encodings();

    for (long memory : new long[] {0, 300_000}) {
      SequentialMse options = SequentialMse.DEFAULT.withMemory(memory);
      assertThat(SequentialMseSearch.search(simulation, DATA, options).simulation().encodings())
          .isEqualTo(kept);
    }
  }

  @Test
  void one_candidate_is_the_whole_range() {
    Graph graph = Net.input(4, 32, 32).conv("y", "x", 6, 4, 3, 3).build("y");
    Simulation simulation = simulation(graph, "per_channel", DATA);

    ChosenRanges chosen =
        SequentialMseSearch.search(simulation, DATA, SequentialMse.DEFAULT.withCandidates(1));

    assertThat(chosen.simulation().encodings()).isEqualTo(simulation.encodings());
    assertThat(chosen.summary()).isEqualTo("1 weights, 0 of 6 ranges made smaller");
  }

  @Test
  void what_cannot_be_searched_is_said() {
    Graph graph = Net.input(4, 32, 32).conv("y", "x", 6, 4, 3, 3).build("y");
    Simulation simulation = simulation(graph, "per_channel", DATA);
    Labelled none = Labelled.of(Tensor.of(new float[0], 0, 4, 32, 32));
    Labelled interrupting = DATA.before(i -> Thread.currentThread().interrupt());

    assertThatThrownBy(
            () -> SequentialMseSearch.search(Simulation.of(graph), DATA, SequentialMse.DEFAULT))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "sequentialMse: net has no Conv, Gemm or MatMul whose weight is quantized to codes");
    assertThatThrownBy(() -> SequentialMseSearch.search(simulation, none, SequentialMse.DEFAULT))
        .isInstanceOf(QalibreException.class)
        .hasMessage("sequentialMse: the dataset is empty; expected at least one sample");
    assertThatThrownBy(() -> SequentialMse.DEFAULT.withCandidates(0))
        .isInstanceOf(QalibreException.class)
        .hasMessage("sequentialMse: expected one candidate or more, found 0");
    assertThatThrownBy(
            () -> SequentialMseSearch.search(simulation, interrupting, SequentialMse.DEFAULT))
        .isInstanceOf(InterruptedWorkException.class);
  }
}
