package io.qalibre.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingResult;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Adam;
import ai.djl.training.tracker.Tracker;
import io.qalibre.errors.InterruptedWorkException;
import org.junit.jupiter.api.Test;

class ImageDataset_EasyTrain_Test {
  private final ImageSplits data = Datasets.fashionMnist();

  @Test
  void a_linear_classifier_learns_from_it() throws Exception {
    try (Model model = linear();
        Trainer trainer = model.newTrainer(config())) {
      trainer.initialize(new Shape(1, 1, 28, 28));
      EasyTrain.fit(trainer, 2, data.training().first(2000), data.validation().first(500));

      TrainingResult result = trainer.getTrainingResult();
      assertThat(result.getEvaluations().get("validate_Accuracy")).isBetween(0.65f, 1f);
      assertThat(result.getEvaluations().get("validate_SoftmaxCrossEntropyLoss"))
          .isBetween(0.1f, 1.2f);
    }
  }

  @Test
  void an_interrupt_stops_training_within_a_batch() {
    try (Model model = linear();
        Trainer trainer =
            model.newTrainer(config().addTrainingListeners(new InterruptAfterThird()))) {
      trainer.initialize(new Shape(1, 1, 28, 28));

      assertThatThrownBy(() -> EasyTrain.fit(trainer, 1, data.training(), null))
          .isInstanceOf(InterruptedWorkException.class)
          .hasMessage("interrupted: stopped after 192 of 55,000 samples");
    }
  }

  private static Model linear() {
    Model model = Model.newInstance("linear");
    model.getNDManager().getEngine().setRandomSeed(1);
    model.setBlock(
        new SequentialBlock()
            .add(Blocks.batchFlattenBlock(28 * 28))
            .add(Linear.builder().setUnits(10).build()));
    return model;
  }

  private static DefaultTrainingConfig config() {
    return new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
        .addEvaluator(new Accuracy())
        .addTrainingListeners(TrainingListener.Defaults.basic())
        .optOptimizer(Adam.builder().optLearningRateTracker(Tracker.fixed(1e-3f)).build());
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
