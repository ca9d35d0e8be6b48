package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.qalibre.engine.GradientEstimator;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What DJL saves of a model, and loads again. */
class TrainableNetwork_model_Test {
  private static final Labelled TRAINING = Labelled.twoSides(64, 1);

  @TempDir private Path folder;

  private static QuantizedNetwork start(long hidden) {
    Graph graph =
        Net.input(2)
            .linear("a", "x", hidden, 2)
            .batchNorm("n", "a", (int) hidden)
            .op("r", "Relu", List.of("n"))
            .linear("y", "r", 2, hidden)
            .build("y");
    return new Network(graph, List.of(new Step("load", "net.onnx")))
        .simulate(QuantConfig.int8())
        .computeEncodings(TRAINING);
  }

  private static List<Object> state(QuantizedNetwork network) {
    Simulation simulation = network.simulation();
    return List.of(simulation.graph().initializers(), simulation.encodings());
  }

  private static void train(TrainableNetwork trainable) throws Exception {
    DefaultTrainingConfig config =
        new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
            .optDevices(new Device[] {Device.cpu()})
            .optOptimizer(Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.05f)).build());
    try (Trainer trainer = trainable.trainer(config)) {
      trainer.initialize(new Shape(1, 2));
      EasyTrain.fit(trainer, 1, TRAINING, null);
    }
  }

  @ParameterizedTest
  @EnumSource(GradientEstimator.class)
  void weights_and_ranges_are_what_they_were_and_go_on_learning(GradientEstimator estimator)
      throws Exception {
    QuantizedNetwork start = start(8);
    QuantizedNetwork saved;
    QuantizedNetwork further;
    try (TrainableNetwork trainable = start.trainable(estimator)) {
      train(trainable);
      trainable.model().save(folder, "qat");
      saved = trainable.freeze();
      train(trainable);
      further = trainable.freeze();
    }

    QuantizedNetwork loaded;
    QuantizedNetwork gone;
    try (TrainableNetwork trainable = start.trainable(estimator)) {
      trainable.model().load(folder, "qat");
      loaded = trainable.freeze();
      train(trainable);
      gone = trainable.freeze();
    }

    assertThat(state(loaded)).isEqualTo(state(saved)).isNotEqualTo(state(start));
    assertThat(state(gone)).isEqualTo(state(further)).isNotEqualTo(state(saved));
    assertThat(gone.simulation().encodings().equals(start.simulation().encodings()))
        .isEqualTo(!estimator.learnsRanges());
    assertThat(gone.simulation().graph().initializer("n.mean"))
        .isEqualTo(start.simulation().graph().initializer("n.mean"));
  }

  @Test
  void a_model_can_be_saved_before_it_is_trained() throws Exception {
    QuantizedNetwork start = start(8);
    try (TrainableNetwork trainable = start.trainable()) {
      trainable.model().save(folder, "qat");
    }
    try (TrainableNetwork trainable = start.trainable()) {
      trainable.model().load(folder, "qat");

      assertThat(state(trainable.freeze())).isEqualTo(state(start));
    }
  }

  @Test
  void the_model_of_another_network_is_refused() throws Exception {
    try (TrainableNetwork trainable = start(8).trainable()) {
      trainable.model().save(folder, "qat");
    }
    try (TrainableNetwork trainable = start(8).trainable(GradientEstimator.LSQ)) {
      assertThatThrownBy(() -> trainable.model().load(folder, "qat"))
          .isInstanceOf(MalformedModelException.class)
          .hasMessageContaining("range_scale");
    }
    try (TrainableNetwork trainable = start(4).trainable()) {
      assertThatThrownBy(() -> trainable.model().load(folder, "qat"))
          .isInstanceOf(MalformedModelException.class)
          .hasMessage("parameter `a.weight`: expected shape (4, 2), found (8, 2)");
    }
  }
}
