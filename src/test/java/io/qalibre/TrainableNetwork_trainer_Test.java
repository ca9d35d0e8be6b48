package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.qat.LivePlot;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.LatePoints;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The user's own pipeline: DJL's stock trainer on a quantized network. */
class TrainableNetwork_trainer_Test {
  private static final Labelled TRAINING = Labelled.twoSides(64, 1);
  private static final Labelled VALIDATION = Labelled.twoSides(64, 2);
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

  private static DefaultTrainingConfig config() {
    return new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
        .addEvaluator(new Accuracy())
        .addTrainingListeners(TrainingListener.Defaults.basic())
        .optDevices(new Device[] {Device.cpu()})
        .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.03f)).build());
  }

  @Test
  void the_stock_training_loop_trains_weights_and_ranges() throws Exception {
    Map<String, Tensor> before = Map.copyOf(START.simulation().graph().initializers());
    QuantizedNetwork tuned;
    try (TrainableNetwork trainable = START.trainable()) {
      try (Trainer trainer = trainable.trainer(config())) {
        trainer.initialize(new Shape(1, 2));
        EasyTrain.fit(trainer, 6, TRAINING, VALIDATION);
        assertThat(trainer.getTrainingResult().getEvaluations().get("validate_Accuracy"))
            .isGreaterThan(0.9f);
      }
      tuned = trainable.freeze();
    }

    assertThat(tuned.evaluate(VALIDATION).top1())
        .isGreaterThan(90)
        .isGreaterThan(START.evaluate(VALIDATION).top1());
    assertThat(START.simulation().graph().initializers()).isEqualTo(before);
    assertThat(tuned.simulation().graph().initializer("a.weight"))
        .isNotEqualTo(before.get("a.weight"));
    assertThat(tuned.simulation().encodings()).isNotEqualTo(START.simulation().encodings());
    assertThat(tuned.steps().stringColumn("verb").asList()).last().isEqualTo("freeze");
    assertThatThrownBy(tuned::history).isInstanceOf(QalibreException.class);
  }

  @Test
  void an_interrupt_ends_the_loop_and_what_was_learned_can_be_frozen() {
    QuantizedNetwork tuned;
    try (TrainableNetwork trainable = START.trainable()) {
      try (Trainer trainer =
          trainable.trainer(config().addTrainingListeners(new InterruptAfterThird()))) {
        trainer.initialize(new Shape(1, 2));

        assertThatThrownBy(() -> EasyTrain.fit(trainer, 100, TRAINING, null))
            .isInstanceOf(InterruptedWorkException.class);
      }
      assertThat(Thread.currentThread().isInterrupted()).isFalse();
      tuned = trainable.freeze();
    }

    assertThat(tuned.simulation().graph().initializer("a.weight"))
        .isNotEqualTo(START.simulation().graph().initializer("a.weight"));
    assertThat(tuned.evaluate(VALIDATION).n()).isEqualTo(64);
  }

  @Test
  void freezing_at_once_changes_nothing() {
    try (TrainableNetwork trainable = START.trainable()) {
      QuantizedNetwork frozen = trainable.freeze();

      assertThat(frozen.evaluate(VALIDATION)).isEqualTo(START.evaluate(VALIDATION));
      assertThat(trainable.model().getName()).isEqualTo("net");
      assertThat(trainable.model().getBlock().getParameters().size()).isEqualTo(4 + 2 * 5);
    }
  }

  @Test
  void a_user_may_freeze_the_ranges() throws Exception {
    try (TrainableNetwork trainable = START.trainable()) {
      trainable
          .model()
          .getBlock()
          .freezeParameters(true, p -> io.qalibre.engine.RangeNames.isRange(p.getName()));
      try (Trainer trainer = trainable.trainer(config())) {
        trainer.initialize(new Shape(1, 2));
        EasyTrain.fit(trainer, 1, TRAINING, null);
      }
      QuantizedNetwork tuned = trainable.freeze();

      assertThat(tuned.simulation().graph().initializer("a.weight"))
          .isNotEqualTo(START.simulation().graph().initializer("a.weight"));
      assertThat(tuned.encodings().doubleColumn("scale").asList())
          .usingComparatorForType(
              (a, b) -> Math.abs(a - b) <= 1e-6 * b ? 0 : Double.compare(a, b), Double.class)
          .isEqualTo(START.encodings().doubleColumn("scale").asList());
    }
  }

  @Test
  void several_devices_are_refused() {
    try (TrainableNetwork trainable = START.trainable()) {
      DefaultTrainingConfig two = config().optDevices(new Device[] {Device.cpu(), Device.gpu(0)});

      assertThatThrownBy(() -> trainable.trainer(two))
          .isInstanceOf(QalibreException.class)
          .hasMessageContaining("several devices");
    }
  }

  @Test
  void the_live_plot_listens_to_the_stock_loop_and_can_stop_it() throws Exception {
    LatePoints data = new LatePoints();
    data.prepare(null);
    try (TrainableNetwork trainable = START.trainable()) {
      try (Trainer trainer =
          trainable.trainer(config().addTrainingListeners(new LivePlot(2, data)))) {
        trainer.initialize(new Shape(1, 2));
        EasyTrain.fit(trainer, 2, data, data);
      }
      try (Trainer trainer =
          trainable.trainer(
              config().addTrainingListeners(new InterruptAfterThird(), new LivePlot(9, data)))) {
        trainer.initialize(new Shape(1, 2));

        assertThatThrownBy(() -> EasyTrain.fit(trainer, 9, data, null))
            .isInstanceOf(InterruptedWorkException.class);
      }
      assertThat(Thread.currentThread().isInterrupted()).isFalse();
      assertThat(trainable.freeze().evaluate(data).n()).isEqualTo(8);
    }
  }

  @Test
  void the_live_plot_needs_no_other_listener() throws Exception {
    LatePoints data = new LatePoints();
    data.prepare(null);
    DefaultTrainingConfig alone =
        new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
            .optDevices(new Device[] {Device.cpu()})
            .addTrainingListeners(new LivePlot(2, data));
    try (TrainableNetwork trainable = START.trainable();
        Trainer trainer = trainable.trainer(alone)) {
      trainer.initialize(new Shape(1, 2));
      EasyTrain.fit(trainer, 2, data, data);

      assertThat(trainable.freeze().simulation().graph().initializers())
          .isNotEqualTo(START.simulation().graph().initializers());
    }
  }

  private static final class InterruptAfterThird extends TrainingListenerAdapter {
    private int batches;

    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batch) {
      if (++batches == 3) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
