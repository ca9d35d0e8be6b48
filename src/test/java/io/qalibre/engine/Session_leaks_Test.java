package io.qalibre.engine;

import static io.qalibre.engine.EngineArrays.arrays;
import static io.qalibre.engine.EngineArrays.assertLeavesNothing;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.errors.QalibreException;
import io.qalibre.export.FloatGraph;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.ptq.ActivationSmoothing;
import io.qalibre.ptq.AdaRound;
import io.qalibre.ptq.AdaRounding;
import io.qalibre.ptq.BatchNormReestimation;
import io.qalibre.ptq.BiasCorrection;
import io.qalibre.ptq.BiasCorrector;
import io.qalibre.ptq.SequentialMse;
import io.qalibre.ptq.SequentialMseSearch;
import io.qalibre.ptq.SmoothQuant;
import io.qalibre.qat.Qat;
import io.qalibre.qat.TrainableModel;
import io.qalibre.qat.Training;
import io.qalibre.qat.TrainingLoop;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Counts the engine's arrays before and after each verb: all hang below one root manager. */
class Session_leaks_Test {
  private static final Labelled DATA = Labelled.random(2, 12, 3, 6, 6).batch(4);
  private static final Graph GRAPH =
      Placement.place(
          Net.input(3, 6, 6)
              .conv("c", "x", 4, 3, 3, 3)
              .op("r", "Relu", List.of("c"))
              .op("f", "Flatten", List.of("r"))
              .linear("y", "f", 2, 144)
              .build("y"),
          RuntimeConfig.builtIn("int8"),
          PlacementOptions.DEFAULT);
  private static final Simulation SIMULATION = Calibrator.calibrate(GRAPH, DATA).simulation();

  @Test
  void the_count_sees_an_array_deep_below() {
    int before = arrays();
    try (NDManager manager = Programs.newManager();
        NDManager below = manager.newSubManager();
        NDArray array = below.create(1f)) {
      assertThat(array).isNotNull();
      assertThat(arrays()).isEqualTo(before + 1);
    }
    assertThat(arrays()).isEqualTo(before);
  }

  @Test
  void running_evaluating_and_calibrating_leave_no_arrays() {
    Map<String, Tensor> input = Map.of("x", Net.data(1, 2, 3, 6, 6));
    assertLeavesNothing(() -> Runner.run(SIMULATION, input));
    assertLeavesNothing(() -> Runner.accuracy(SIMULATION, DATA));
    assertLeavesNothing(
        () ->
            Runner.score(
                SIMULATION,
                DATA,
                (outputs, labels) -> outputs.get("y").rank() == 2 ? new double[4] : new double[0]));
    assertLeavesNothing(() -> Calibrator.calibrate(GRAPH, DATA));
  }

  @Test
  void failing_leaves_no_arrays() {
    Labelled other = Labelled.of(Net.data(1, 2, 1, 6, 6), 0, 1);
    assertLeavesNothing(
        () -> {
          assertThatThrownBy(() -> Runner.accuracy(SIMULATION, other))
              .isInstanceOf(QalibreException.class);
          assertThatThrownBy(
                  () -> Runner.run(Simulation.of(GRAPH), Map.of("x", Net.data(1, 2, 3, 6, 6))))
              .isInstanceOf(QalibreException.class);
          assertThatThrownBy(
                  () ->
                      Runner.score(
                          SIMULATION,
                          DATA,
                          (outputs, labels) -> {
                            throw new IllegalStateException("the user's mistake");
                          }))
              .isInstanceOf(IllegalStateException.class);
        });
  }

  @Test
  void training_leaves_no_arrays() {
    assertLeavesNothing(
        () -> TrainingLoop.train(SIMULATION, number -> DATA, Qat.epochs(2).validate(DATA)));
    assertLeavesNothing(
        () -> {
          try (TrainableModel model = TrainableModel.of("t", SIMULATION)) {
            model.freeze();
          }
        });
  }

  /** How many arrays there are in the middle of each epoch of a training. */
  private static List<Integer> arraysWhile(Training options) {
    List<Integer> counts = new ArrayList<>();
    Labelled counting =
        DATA.before(
            batch -> {
              if (batch == 1) {
                counts.add(arrays());
              }
            });
    TrainingLoop.train(SIMULATION, number -> counting, options);
    return counts;
  }

  @Test
  void steps_of_a_training_leave_no_arrays() {
    Training options =
        Qat.epochs(6)
            .dampOscillations(1)
            .distillFrom(() -> Simulation.of(FloatGraph.of(GRAPH)))
            .validate(DATA);
    for (Training training :
        List.of(options, options.freezeRangesAfter(2), options.estimator(GradientEstimator.LSQ))) {
      List<Integer> counts = arraysWhile(training);

      assertThat(counts).hasSize(6);
      assertThat(counts.subList(3, 6)).containsOnly(counts.get(2));
    }
  }

  @Test
  void training_that_is_interrupted_or_fails_leaves_no_arrays() {
    Labelled interrupting = DATA.before(i -> Thread.currentThread().interrupt());
    assertLeavesNothing(
        () -> TrainingLoop.train(SIMULATION, number -> interrupting, Qat.epochs(1)));
    assertLeavesNothing(
        () ->
            assertThatThrownBy(
                    () ->
                        TrainingLoop.train(
                            SIMULATION,
                            number -> Labelled.of(Net.data(1, 2, 3, 6, 6)),
                            Qat.epochs(1)))
                .isInstanceOf(QalibreException.class));
  }

  @Test
  void correcting_biases_and_searching_ranges_leave_no_arrays() {
    Graph graph = FloatGraph.of(GRAPH);
    for (long memory : new long[] {0, 1L << 20}) {
      BiasCorrection options = BiasCorrection.EMPIRICAL.withMemory(memory);
      assertLeavesNothing(() -> BiasCorrector.correct(SIMULATION, graph, List.of(), DATA, options));
      assertLeavesNothing(
          () ->
              SequentialMseSearch.search(
                  SIMULATION, DATA, SequentialMse.DEFAULT.withMemory(memory)));
    }
    assertLeavesNothing(() -> Calibrator.recalibrate(SIMULATION, DATA));
    Labelled interrupting = DATA.before(i -> Thread.currentThread().interrupt());
    assertLeavesNothing(
        () ->
            assertThatThrownBy(
                    () ->
                        SequentialMseSearch.search(SIMULATION, interrupting, SequentialMse.DEFAULT))
                .isInstanceOf(QalibreException.class));
  }

  @Test
  void smoothing_activations_leaves_no_arrays() {
    Graph graph =
        Net.input(6, 4)
            .random("n.weight", 4)
            .op("n", "LayerNormalization", List.of("x", "n.weight"))
            .random("w", 4, 3)
            .op("y", "MatMul", List.of("n", "w"))
            .build("y");
    Labelled data = Labelled.random(2, 12, 6, 4).batch(4);
    assertLeavesNothing(() -> ActivationSmoothing.smooth(graph, data, SmoothQuant.DEFAULT));
    Labelled interrupting = data.before(i -> Thread.currentThread().interrupt());
    assertLeavesNothing(
        () ->
            assertThatThrownBy(
                    () -> ActivationSmoothing.smooth(graph, interrupting, SmoothQuant.DEFAULT))
                .isInstanceOf(QalibreException.class));
  }

  @Test
  void re_estimating_batch_normalizations_leaves_no_arrays() {
    Graph graph =
        Net.input(3, 6, 6)
            .conv("c", "x", 4, 3, 3, 3)
            .batchNorm("n", "c", 4)
            .op("y", "Relu", List.of("n"))
            .build("y");
    Graph placed = Placement.place(graph, RuntimeConfig.builtIn("int8"), PlacementOptions.DEFAULT);
    Simulation simulation = Calibrator.calibrate(placed, DATA).simulation();
    assertLeavesNothing(() -> BatchNormReestimation.reestimate(simulation, DATA));
    Labelled interrupting = DATA.before(i -> Thread.currentThread().interrupt());
    Labelled other = Labelled.of(Net.data(1, 2, 1, 6, 6), 0, 1);
    for (Labelled data : List.of(interrupting, other)) {
      assertLeavesNothing(
          () ->
              assertThatThrownBy(() -> BatchNormReestimation.reestimate(simulation, data))
                  .isInstanceOf(QalibreException.class));
    }
  }

  @Test
  void rounding_leaves_no_arrays_done_interrupted_or_failed() {
    Graph network = FloatGraph.of(GRAPH);
    AdaRound few = AdaRound.iterations(3).batch(4);
    assertLeavesNothing(() -> AdaRounding.round(SIMULATION, network, DATA, few));
    assertLeavesNothing(() -> AdaRounding.round(SIMULATION, network, DATA, few.memory(1)));
    Labelled interrupting = DATA.before(i -> Thread.currentThread().interrupt());
    assertLeavesNothing(() -> AdaRounding.round(SIMULATION, network, interrupting, few));
    Labelled other = Labelled.of(Net.data(1, 2, 1, 6, 6), 0, 1);
    assertLeavesNothing(
        () ->
            assertThatThrownBy(() -> AdaRounding.round(SIMULATION, network, other, few))
                .isInstanceOf(QalibreException.class));
  }
}
