package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.qalibre.data.Datasets;
import io.qalibre.data.ImageDataset;
import io.qalibre.data.ImageSplits;
import io.qalibre.models.MnistNet;
import io.qalibre.qat.LivePlot;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole way with a training function of the user's own, which trains the float model and then
 * the simulation without knowing which is which.
 */
class TrainableNetwork_pipeline_Test {
  private static final Shape SHAPE = new Shape(1, 1, 28, 28);
  private static final ImageSplits DATA = Datasets.fashionMnist();
  private static final ImageDataset TRAINING = DATA.training().first(6400).batch(64);
  private static final ImageDataset VALIDATION = DATA.validation().first(1000);

  @TempDir private Path folder;

  private static void fit(Model model, float rate) throws Exception {
    DefaultTrainingConfig config =
        new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
            .addEvaluator(new Accuracy())
            .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(rate)).build())
            .addTrainingListeners(new LivePlot(1, TRAINING));
    try (Trainer trainer = model.newTrainer(config)) {
      trainer.initialize(SHAPE);
      EasyTrain.fit(trainer, 1, TRAINING, VALIDATION);
    }
  }

  @Test
  void a_function_trains_the_float_model_and_the_simulation_and_files_come_out() throws Exception {
    Qalibre.seed(1);
    Network net;
    try (Model model = Model.newInstance("mnist")) {
      model.setBlock(MnistNet.block());
      fit(model, 4e-3f);
      net = Qalibre.of(model, SHAPE);
    }
    QuantizedNetwork ptq =
        net.equalizeLayers()
            .simulate(QuantConfig.int8().withWeightBits(4).withPerTensor("weight"))
            .computeEncodings(DATA.calibration(256));
    QuantizedNetwork tuned;
    try (TrainableNetwork trainable = ptq.trainable()) {
      fit(trainable.model(), 4e-4f);
      tuned = trainable.freeze();
    }

    tuned.export(folder, "quantized_mnist");

    assertThat(folder.resolve("quantized_mnist.onnx")).isNotEmptyFile();
    QuantizedNetwork read =
        Qalibre.load(
            folder.resolve("quantized_mnist.onnx"), folder.resolve("quantized_mnist.encodings"));
    double float32 = net.evaluate(VALIDATION).top1();
    double before = ptq.evaluate(VALIDATION).top1();
    double after = tuned.evaluate(VALIDATION).top1();
    assertThat(float32).isGreaterThan(70);
    assertThat(after).as("after %s before training", before).isGreaterThan(before);
    assertThat(read.evaluate(VALIDATION).top1()).isEqualTo(after);
  }
}
