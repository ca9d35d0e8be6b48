package io.qalibre.qat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.engine.Calibrator;
import io.qalibre.engine.GradientEstimator;
import io.qalibre.engine.Runner;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulated;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Each option of a training does what it says. */
class TrainingLoop_options_Test {
  private static final Labelled TRAINING = Labelled.twoSides(64, 1);
  private static final Labelled VALIDATION = Labelled.twoSides(64, 2);
  private static final Labelled WRONG =
      Labelled.of(Net.data(9, 64, 2), new Random(1).ints(64, 0, 2).asLongStream().toArray());
  private static final Graph NET =
      Net.input(2)
          .linear("a", "x", 8, 2)
          .op("r", "Relu", List.of("a"))
          .linear("y", "r", 2, 8)
          .build("y");
  private static final Simulation START = quantized(NET);

  private static Simulation quantized(Graph graph) {
    Graph placed = Placement.place(graph, RuntimeConfig.builtIn("int8"), PlacementOptions.DEFAULT);
    return Calibrator.calibrate(placed, TRAINING).simulation();
  }

  private static Training options(int epochs) {
    return Qat.epochs(epochs).learningRate(0.03);
  }

  private static Simulation trained(Training options) {
    return TrainingLoop.train(START, pass -> TRAINING, options).simulation();
  }

  /** The state after the first of several epochs. */
  private static Simulation afterOne(Simulation start, Training options) {
    return TrainingLoop.train(
            start,
            pass -> {
              if (pass == 2) {
                throw new InterruptedWorkException("one is enough");
              }
              return TRAINING;
            },
            options)
        .simulation();
  }

  @Test
  void frozen_ranges_stay_as_they_are() {
    TrainingLoop.Result result =
        TrainingLoop.train(START, pass -> TRAINING, options(10).frozenRanges());

    assertThat(result.simulation().encodings()).isEqualTo(START.encodings());
    assertThat(result.simulation().graph().initializer("a.weight"))
        .isNotEqualTo(NET.initializer("a.weight"));
    assertThat(Runner.accuracy(result.simulation(), VALIDATION).top1()).isGreaterThan(90);
  }

  @Test
  void ranges_frozen_after_an_epoch_stay_from_then_on() {
    Training training = options(3).freezeRangesAfter(1);

    Simulation first = afterOne(START, training);
    Simulation last = trained(training);

    assertThat(first.encodings()).isNotEqualTo(START.encodings());
    assertThat(last.encodings()).isEqualTo(first.encodings());
    assertThat(last.graph().initializers()).isNotEqualTo(first.graph().initializers());
    assertThat(trained(options(3).freezeRangesAfter(0)).encodings()).isEqualTo(START.encodings());
  }

  @Test
  void steps_of_lsq_learn_and_zero_points_stay() {
    Simulation lsq = trained(options(10).estimator(GradientEstimator.LSQ));

    lsq.encodings()
        .forEach(
            (id, encoding) -> {
              Encoding before = START.encoding(id).first();
              assertThat(encoding.first().offset()).isEqualTo(before.offset());
              assertThat(encoding.first().steps()).isEqualTo(before.steps());
              assertThat(encoding.first().scale()).isNotEqualTo(before.scale());
            });
    assertThat(Runner.accuracy(lsq, VALIDATION).top1()).isGreaterThan(90);
    assertThat(trained(options(10)).encodings().values())
        .extracting(encoding -> encoding.first().offset())
        .isNotEqualTo(START.encodings().values().stream().map(e -> e.first().offset()).toList());
  }

  /** How far a weight's range has moved, in multiples of what the learning rate lets Adam go. */
  private static double moved(Training training) {
    Labelled one = TRAINING.batch(64);
    Simulation after = TrainingLoop.train(START, pass -> one, training).simulation();
    Encoding now = after.encoding("a.weight").first();
    double scale = START.encoding("a.weight").first().scale();
    return Math.abs(now.scale() - scale) * now.steps() / training.schedule().highest();
  }

  @Test
  void ranges_may_learn_at_a_rate_of_their_own() {
    double alike = moved(options(1));

    // Adam's first step moves each end of a range by the learning rate.
    assertThat(alike).isCloseTo(2, within(0.01));
    assertThat(moved(options(1).rangeLearningRate(0.25))).isCloseTo(alike / 4, within(0.01));
  }

  @Test
  void an_early_end_comes_after_epochs_without_gain() {
    Simulation good = trained(options(10));
    Training training = Qat.epochs(9).learningRate(5).validate(VALIDATION);

    History stopped = TrainingLoop.train(good, pass -> WRONG, training.stopAfter(2)).history();

    assertThat(stopped.epochs()).extracting(History.Epoch::number).containsExactly(0, 1, 2);
    assertThat(stopped.kept()).isZero();
    assertThat(TrainingLoop.train(good, pass -> WRONG, training).history().epochs()).hasSize(10);
  }

  @Test
  void an_early_end_needs_samples_that_choose() {
    assertThatThrownBy(() -> trained(options(1).stopAfter(2)))
        .isInstanceOf(QalibreException.class)
        .hasMessage("stopAfter: nothing says which epoch is better; give samples with validate(…)");
    assertThatThrownBy(() -> options(1).stopAfter(0)).isInstanceOf(QalibreException.class);
  }

  @Test
  void steps_of_the_schedule_are_in_the_history() {
    List<History.Epoch> epochs =
        TrainingLoop.train(START, pass -> TRAINING, options(3).stepSchedule(1, 0.1))
            .history()
            .epochs();

    // What an epoch ends with is what the next one begins with.
    assertThat(epochs.get(0).learningRate()).isCloseTo(0.003, within(1e-9));
    assertThat(epochs.get(1).learningRate()).isCloseTo(0.0003, within(1e-9));
  }

  @Test
  void a_network_learns_from_a_teacher_what_its_labels_do_not_say() {
    Graph teacher =
        TrainingLoop.train(Simulation.of(NET), pass -> TRAINING, Fp32.epochs(20).learningRate(0.3))
            .simulation()
            .graph();
    Simulated asNetwork = () -> Simulation.of(teacher);
    // The labels are random: whatever the network learns of the sides it has from the teacher.
    Labelled unlabelled =
        Labelled.of(Net.data(3, 64, 2), new Random(5).ints(64, 0, 2).asLongStream().toArray());
    Training alone = options(10);

    Simulation taught =
        TrainingLoop.train(START, pass -> unlabelled, alone.distillFrom(asNetwork)).simulation();
    Simulation untaught = TrainingLoop.train(START, pass -> unlabelled, alone).simulation();

    assertThat(Runner.accuracy(Simulation.of(teacher), VALIDATION).top1()).isGreaterThan(95);
    assertThat(Runner.accuracy(taught, VALIDATION).top1())
        .isGreaterThan(90)
        .isGreaterThan(Runner.accuracy(untaught, VALIDATION).top1() + 10);
  }

  @Test
  void a_teacher_that_answers_otherwise_is_told() {
    Simulated three = () -> Simulation.of(Net.input(2).linear("t", "x", 3, 2).build("t"));

    assertThatThrownBy(() -> trained(options(1).distillFrom(three)))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "distillFrom: the teacher `net` gives [(8, 3)], the network [(8, 2)]; expected one output of the same shape");
    assertThatThrownBy(() -> options(1).distillFrom(three, 0, 0.5))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("expected a temperature above 0");
  }

  /** The mean distance of the first layer's weights from their codes, in steps. */
  private static double distance(Simulation simulation) {
    TensorEncoding encoding = simulation.encoding("a.weight");
    float[] weights = simulation.graph().initializer("a.weight").floats();
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      int channel = encoding.perChannel() ? i * encoding.grids().size() / weights.length : 0;
      Encoding grid = encoding.grids().get(channel);
      double inside = Math.max(grid.min(), Math.min(grid.max(), weights[i]));
      sum += Math.abs(inside / grid.scale() - Math.rint(inside / grid.scale()));
    }
    return sum / weights.length;
  }

  @Test
  void damped_weights_end_near_their_codes() {
    Training training =
        Qat.epochs(20).method(Training.Method.SGD).learningRate(0.01).frozenRanges();

    double free = distance(trained(training));
    double damped = distance(trained(training.dampOscillations(50)));

    assertThat(damped).isLessThan(free / 3);
  }

  @Test
  void damping_needs_a_quantized_weight() {
    Training damped = options(1).dampOscillations(1);

    assertThatThrownBy(() -> TrainingLoop.train(Simulation.of(NET), pass -> TRAINING, damped))
        .isInstanceOf(QalibreException.class)
        .hasMessage("dampOscillations: no weight of this network is quantized");
    assertThatThrownBy(() -> options(1).dampOscillations(-1)).isInstanceOf(QalibreException.class);
  }

  @Test
  void normalizations_are_live_until_they_are_frozen() {
    Simulation start =
        quantized(
            Net.input(2)
                .linear("a", "x", 8, 2)
                .batchNorm("n", "a", 8)
                .op("r", "Relu", List.of("n"))
                .linear("y", "r", 2, 8)
                .build("y"));
    Training training = options(3).freezeNormsAfter(1);

    Graph first = afterOne(start, training).graph();
    Graph last = TrainingLoop.train(start, pass -> TRAINING, training).simulation().graph();

    assertThat(first.initializer("n.mean")).isNotEqualTo(start.graph().initializer("n.mean"));
    assertThat(last.initializer("n.mean")).isEqualTo(first.initializer("n.mean"));
    assertThat(last.initializer("n.var")).isEqualTo(first.initializer("n.var"));
    assertThat(last.initializer("a.weight")).isNotEqualTo(first.initializer("a.weight"));
  }

  @Test
  void a_checkpoint_belongs_to_one_set_of_options() {
    Simulated teacher = () -> Simulation.of(NET);
    Simulated other = () -> Simulation.of(NET.withInitializers(Map.of("a.bias", Net.data(1, 8))));
    List<UnaryOperator<Training>> changes =
        List.of(
            t -> t,
            t -> t.learningRate(0.01),
            t -> t.warmup(1),
            t -> t.stepSchedule(1, 0.1),
            t -> t.stepSchedule(1, 0.2),
            t -> t.method(Training.Method.SGD),
            t -> t.weightDecay(0.1),
            t -> t.loss(ai.djl.training.loss.Loss.l2Loss()),
            t -> t.distillFrom(teacher),
            t -> t.distillFrom(other),
            t -> t.distillFrom(teacher, 2, 0.9),
            t -> t.distillFrom(teacher, 4, 0.5),
            t -> t.dampOscillations(1),
            t -> t.freezeNormsAfter(1),
            t -> t.frozenRanges(),
            t -> t.estimator(GradientEstimator.LSQ),
            t -> t.rangeLearningRate(2),
            t -> t.freezeRangesAfter(1),
            t -> t.stopAfter(1),
            t -> t.seed(2));

    List<String> kinds = new ArrayList<>();
    changes.forEach(
        change -> kinds.add(TrainingKind.of(START, "64 samples", change.apply(options(3)))));

    assertThat(kinds).doesNotHaveDuplicates();
    assertThat(
            TrainingKind.of(START, "64 samples", options(3).distillFrom(() -> Simulation.of(NET))))
        .isEqualTo(kinds.get(8));
  }
}
