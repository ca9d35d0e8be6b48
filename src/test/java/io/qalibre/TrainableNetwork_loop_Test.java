package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.ParameterTracker;
import ai.djl.training.tracker.Tracker;
import io.qalibre.engine.GradientEstimator;
import io.qalibre.graph.Graph;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Training loops written by hand, with DJL's own optimizers. */
class TrainableNetwork_loop_Test {
  private static final Labelled TRAINING = Labelled.twoSides(64, 1);
  private static final Labelled VALIDATION = Labelled.twoSides(64, 2);
  private static final Loss LOSS = Loss.softmaxCrossEntropyLoss();
  private static final QuantizedNetwork START = start();

  private static QuantizedNetwork start() {
    Graph graph =
        Net.input(2)
            .linear("a", "x", 8, 2)
            .op("r", "Relu", List.of("a"))
            .linear("y", "r", 2, 8)
            .build("y");
    return new Network(graph, List.of(new Step("load", "net.onnx")))
        .simulate(QuantConfig.int8())
        .computeEncodings(TRAINING);
  }

  private static void train(
      TrainableNetwork network, Optimizer optimizer, int epochs, Labelled samples)
      throws Exception {
    DefaultTrainingConfig config =
        new DefaultTrainingConfig(LOSS)
            .optDevices(new Device[] {Device.cpu()})
            .optOptimizer(optimizer);
    try (Trainer trainer = network.trainer(config)) {
      trainer.initialize(new Shape(1, 2));
      for (int epoch = 0; epoch < epochs; epoch++) {
        for (Batch batch : trainer.iterateDataset(samples)) {
          try (batch;
              GradientCollector collector = trainer.newGradientCollector()) {
            NDList answers = trainer.forward(batch.getData());
            collector.backward(LOSS.evaluate(batch.getLabels(), answers));
          }
          trainer.step();
        }
      }
    }
  }

  private static Optimizer adam(ParameterTracker rate) {
    return Optimizer.adam().optLearningRateTracker(rate).build();
  }

  private static Optimizer sgd(ParameterTracker rate) {
    return Optimizer.sgd().setLearningRateTracker(rate).optMomentum(0.9f).build();
  }

  @ParameterizedTest
  @EnumSource(GradientEstimator.class)
  void weights_and_ranges_learn(GradientEstimator estimator) throws Exception {
    for (boolean adam : new boolean[] {true, false}) {
      QuantizedNetwork tuned;
      try (TrainableNetwork network = START.trainable(estimator)) {
        ParameterTracker rate = Tracker.fixed(0.03f);
        train(network, adam ? adam(rate) : sgd(rate), 6, TRAINING);
        tuned = network.freeze();
      }

      assertThat(tuned.evaluate(VALIDATION).top1())
          .as("%s, Adam: %s", estimator, adam)
          .isGreaterThan(90);
      assertThat(encodings(tuned).equals(encodings(START))).isEqualTo(!estimator.learnsRanges());
    }
  }

  private static Map<String, TensorEncoding> encodings(QuantizedNetwork network) {
    return network.simulation().encodings();
  }

  @Test
  void ranges_frozen_in_between_stay_from_then_on() throws Exception {
    try (TrainableNetwork network = START.trainable()) {
      train(network, adam(Tracker.fixed(0.03f)), 1, TRAINING);
      QuantizedNetwork before = network.freeze();

      network.freezeRanges();
      train(network, adam(Tracker.fixed(0.03f)), 1, TRAINING);

      QuantizedNetwork after = network.freeze();
      assertThat(encodings(before)).isNotEqualTo(encodings(START));
      assertThat(encodings(after)).isEqualTo(encodings(before));
      assertThat(after.simulation().graph().initializers())
          .isNotEqualTo(before.simulation().graph().initializers());
    }
  }

  /** How far the first weight's scale is from where it began, after one step. */
  private static double moved(double factor) throws Exception {
    try (TrainableNetwork network = START.trainable()) {
      ParameterTracker rate = network.learningRate(Tracker.fixed(1e-3f), factor);
      train(network, adam(rate), 1, TRAINING.batch(64));
      double scale = encodings(network.freeze()).get("a.weight").first().scale();
      return Math.abs(scale - encodings(START).get("a.weight").first().scale());
    }
  }

  @Test
  void ranges_may_learn_at_a_rate_of_their_own() throws Exception {
    double alike = moved(1);

    assertThat(alike).isGreaterThan(1e-6);
    assertThat(moved(0.5) / alike).isCloseTo(0.5, within(0.01));
    assertThat(moved(0)).isLessThan(1e-9);
  }
}
