package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.engine.EngineArrays;
import io.qalibre.errors.QalibreException;
import io.qalibre.export.FloatGraph;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.Tensor;
import io.qalibre.ptq.AdaRound;
import io.qalibre.ptq.BiasCorrection;
import io.qalibre.ptq.Equalization;
import io.qalibre.ptq.Equalization.Clips;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import io.qalibre.view.Charts;
import io.qalibre.view.Viewable;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.knowm.xchart.internal.chartpart.IChart;

/** What every post-training technique keeps to, on one network that all of them have work in. */
class Techniques_contract_Test {
  private static final Labelled SAMPLES = Labelled.of(Net.data(1, 48, 4, 6, 6)).batch(16);
  private static final Labelled NO_SAMPLES = Labelled.of(Net.data(1, 0, 4, 6, 6));
  private static final Map<String, Tensor> UNSEEN = Map.of("x", Net.data(2, 16, 4, 6, 6));
  private static final AdaRound ADA_ROUND = AdaRound.iterations(100).batch(16);
  private static final QuantConfig FOUR_BITS =
      QuantConfig.int8().withWeightBits(4).withActivationBits(16);

  /** Batch normalizations, a ReLU6, a depthwise convolution, a normalization before a matrix. */
  private static final Network NET =
      settled(
          Net.input(4, 6, 6)
              .conv("c1", "x", 8, 4, 3, 3)
              .batchNorm("n1", "c1", 8)
              .constant("zero", Tensor.scalar(0f))
              .constant("six", Tensor.scalar(6f))
              .op("r1", "Clip", List.of("n1", "zero", "six"))
              .grouped("c2", "r1", 8, 8, 1, 3, 3)
              .batchNorm("n2", "c2", 8)
              .op("r2", "Relu", List.of("n2"))
              .convNoBias("c3", "r2", 12, 8, 1, 1)
              .batchNorm("n3", "c3", 12)
              .op("r3", "Relu", List.of("n3"))
              .op("p", "GlobalAveragePool", List.of("r3"))
              .op("f", "Flatten", List.of("p"))
              .random("l.weight", 12)
              .random("l.bias", 12)
              .op("l", "LayerNormalization", List.of("f", "l.weight", "l.bias"), "axis", -1L)
              .linear("y", "l", 5, 12)
              .build("y"));

  /** The same with the statistics that the samples have in its normalizations. */
  private static Network settled(Graph graph) {
    QuantConfig fine = QuantConfig.int8().withWeightBits(16).withActivationBits(16);
    QuantizedNetwork estimated =
        Qalibre.of(graph).simulate(fine).computeEncodings(SAMPLES).reestimateBatchNorms(SAMPLES);
    return Qalibre.of(FloatGraph.of(estimated.simulation().graph()));
  }

  /** The same kind of network without a layer normalization. */
  private static final Network CONVOLUTIONS =
      Qalibre.of(
          Net.input(4, 6, 6).conv("c", "x", 8, 4, 3, 3).conv("y", "c", 4, 8, 3, 3).build("y"));

  /**
   * A technique.
   *
   * @param name what it is called in a failure
   * @param start what it is applied to
   * @param verb the technique
   * @param report what it says of what it did
   * @param decibels how close its float function is to that of {@link #NET}, or, of a quantized
   *     network, how much closer than its start, which has the nearest codes; at least
   * @param lacks what fails because something that it needs is missing, and what the error says
   */
  private record Technique<T extends Evaluable>(
      String name,
      T start,
      Function<T, T> verb,
      Function<T, Viewable> report,
      double decibels,
      Map<Runnable, String> lacks) {
    T apply() {
      return verb.apply(start);
    }

    Viewable reported() {
      return report.apply(apply());
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static QuantizedNetwork nearest(Network network) {
    return network.simulate(FOUR_BITS).computeEncodings(SAMPLES);
  }

  static Stream<Technique<?>> techniques() {
    Equalization bounds = Equalization.DEFAULT.withClips(Clips.BOUND_CHANNELS);
    QuantizedNetwork start = nearest(NET.foldBatchNorms());
    QuantizedNetwork unfolded = nearest(NET);
    QuantizedNetwork floats = NET.simulate(FOUR_BITS.disable("weight")).computeEncodings(SAMPLES);
    String empty = "the dataset is empty";
    return Stream.of(
        new Technique<>("fold", NET, Network::foldBatchNorms, Network::normFolding, 110, Map.of()),
        new Technique<>(
            "equalize", NET, Network::equalizeLayers, Network::equalization, 110, Map.of()),
        new Technique<>(
            "equalize by samples",
            NET,
            n -> n.equalizeLayers(Equalization.DEFAULT, SAMPLES),
            Network::equalization,
            60,
            Map.of(() -> NET.equalizeLayers(Equalization.DEFAULT, NO_SAMPLES), empty)),
        new Technique<>(
            "equalize with bounds",
            NET,
            n -> n.equalizeLayers(bounds),
            Network::equalization,
            110,
            Map.of()),
        new Technique<>(
            "smooth",
            NET,
            n -> n.smoothQuant(SAMPLES),
            Network::smoothing,
            100,
            Map.of(
                () -> NET.smoothQuant(NO_SAMPLES),
                empty,
                () -> CONVOLUTIONS.smoothQuant(SAMPLES),
                "expected a normalization that nothing but layers with constant weights read")),
        new Technique<>(
            "correct biases",
            start,
            q -> q.correctBias(SAMPLES),
            QuantizedNetwork::biasCorrection,
            0,
            Map.of(() -> start.correctBias(NO_SAMPLES), empty)),
        new Technique<>(
            "correct biases analytically",
            start,
            q -> q.correctBias(SAMPLES, BiasCorrection.ANALYTICAL),
            QuantizedNetwork::biasCorrection,
            0,
            Map.of(
                () -> unfolded.correctBias(SAMPLES, BiasCorrection.ANALYTICAL),
                "the analytical correction needs the statistics of batch normalizations")),
        new Technique<>(
            "sequential MSE",
            start,
            q -> q.sequentialMse(SAMPLES),
            QuantizedNetwork::weightSearch,
            0,
            Map.of(
                () -> start.sequentialMse(NO_SAMPLES),
                empty,
                () -> floats.sequentialMse(SAMPLES),
                "whose weight is quantized to codes")),
        new Technique<>(
            "AdaRound",
            start,
            q -> q.adaRound(SAMPLES, ADA_ROUND),
            QuantizedNetwork::rounding,
            0,
            Map.of(
                () -> start.adaRound(NO_SAMPLES, ADA_ROUND),
                empty,
                () -> floats.adaRound(SAMPLES, ADA_ROUND),
                "whose weight is quantized to a grid")),
        new Technique<>(
            "re-estimate normalizations",
            unfolded,
            q -> q.reestimateBatchNorms(SAMPLES),
            QuantizedNetwork::normStatistics,
            0,
            Map.of(
                () -> unfolded.reestimateBatchNorms(NO_SAMPLES),
                empty,
                () -> start.reestimateBatchNorms(SAMPLES),
                "no batch normalization with statistics")),
        new Technique<>(
            "fold normalizations to scales",
            unfolded,
            QuantizedNetwork::foldBatchNorms,
            QuantizedNetwork::normFolding,
            -1,
            Map.of(start::foldBatchNorms, "has no batch normalization to fold")));
  }

  private static Graph graph(Evaluable network) {
    return network.simulation().graph();
  }

  private static double closeness(Evaluable network) {
    return Golden.sqnr(NET.run(UNSEEN).get("y"), network.run(UNSEEN).get("y"));
  }

  @ParameterizedTest
  @MethodSource("techniques")
  void names_stay(Technique<?> technique) {
    Graph before = graph(technique.start());
    Graph after = graph(technique.apply());

    assertThat(after.inputs()).isEqualTo(before.inputs());
    assertThat(after.outputs()).isEqualTo(before.outputs());
    Set<String> nodes = names(before);
    assertThat(after.initializers().keySet())
        .as("what is new is named after the node that it belongs to")
        .allMatch(
            name ->
                before.isInitializer(name)
                    || nodes.stream().anyMatch(node -> name.startsWith(node + ".")));
    assertThat(names(after)).allMatch(name -> nodes.stream().anyMatch(name::startsWith));
  }

  private static Set<String> names(Graph graph) {
    return graph.operators().stream().map(Node::name).collect(Collectors.toSet());
  }

  @ParameterizedTest
  @MethodSource("techniques")
  void the_function_is_kept(Technique<?> technique) {
    double start = technique.start() instanceof Network ? 0 : closeness(technique.start());

    assertThat(closeness(technique.apply()) - start)
        .as("dB")
        .isGreaterThanOrEqualTo(technique.decibels());
  }

  @ParameterizedTest
  @MethodSource("techniques")
  void the_same_call_gives_the_same_bits_and_leaves_its_start_alone(Technique<?> technique) {
    Map<String, Tensor> before = graph(technique.start()).initializers();

    Evaluable one = technique.apply();
    Evaluable other = technique.apply();

    assertThat(graph(other).initializers()).isEqualTo(graph(one).initializers());
    assertThat(other.simulation().encodings()).isEqualTo(one.simulation().encodings());
    assertThat(graph(technique.start()).initializers()).isEqualTo(before);
  }

  @ParameterizedTest
  @MethodSource("techniques")
  void no_array_stays_behind(Technique<?> technique) {
    EngineArrays.assertLeavesNothing(technique::apply);
  }

  @ParameterizedTest
  @MethodSource("techniques")
  void a_report_has_a_table_and_a_chart(Technique<?> technique)
      throws ReflectiveOperationException {
    Viewable report = technique.reported();

    assertThat(report.table().rowCount()).isPositive();
    IChart chart = (IChart) report.getClass().getMethod("chart").invoke(report);
    assertThat(Charts.describe(chart)).isNotBlank();
  }

  @ParameterizedTest
  @MethodSource("techniques")
  void what_is_missing_is_said(Technique<?> technique) {
    technique
        .lacks()
        .forEach(
            (call, message) ->
                assertThatThrownBy(call::run)
                    .isInstanceOf(QalibreException.class)
                    .hasMessageContaining(message));
  }
}
