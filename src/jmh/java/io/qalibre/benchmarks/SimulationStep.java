package io.qalibre.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizedNetwork;
import io.qalibre.TrainableNetwork;
import io.qalibre.data.Samples;
import io.qalibre.engine.GradientEstimator;
import java.io.IOException;

/**
 * A contender of {@code benchmarks/peers}: a simulation in 8 bits, weights per channel, with
 * AIMET's placement; a training step with learned or frozen ranges, or a batch of an evaluation.
 */
public final class SimulationStep {
  private static final int WARM_UP = 3;
  private static final int BATCHES = 4;

  private SimulationStep() {}

  /** Takes the network, its size, the batch size, and {@code learned}, {@code frozen} or else. */
  public static void main(String[] arguments) throws IOException {
    int size = Integer.parseInt(arguments[1]);
    int batch = Integer.parseInt(arguments[2]);
    QuantizedNetwork quantized =
        Networks.of(arguments[0], size)
            .foldBatchNorms()
            .simulate(QuantConfig.perChannel())
            .computeEncodings(Pictures.samples(1, batch, size));
    switch (arguments[3]) {
      case "learned" -> train(quantized, GradientEstimator.LEARNED, size, batch);
      case "frozen" -> train(quantized, GradientEstimator.STRAIGHT_THROUGH, size, batch);
      default -> evaluate(quantized, size, batch);
    }
  }

  private static void train(
      QuantizedNetwork quantized, GradientEstimator estimator, int size, int batch)
      throws IOException {
    Loss loss = Loss.softmaxCrossEntropyLoss();
    DefaultTrainingConfig config =
        new DefaultTrainingConfig(loss)
            .optOptimizer(
                Optimizer.sgd()
                    .setLearningRateTracker(Tracker.fixed(1e-5f))
                    .optMomentum(0.9f)
                    .build());
    try (TrainableNetwork trainable = quantized.trainable(estimator);
        Trainer trainer = trainable.trainer(config)) {
      trainer.initialize(new Shape(1, 3, size, size));
      NDManager manager = trainable.model().getNDManager();
      NDArray x = manager.create(Pictures.noise(batch, size), new Shape(batch, 3, size, size));
      NDArray y = TrainingStep.labels(manager, batch);
      Turns.serve(() -> TrainingStep.step(trainer, loss, x, y), WARM_UP);
    }
  }

  /** A batch of several, with all that an evaluation does beside. */
  private static void evaluate(QuantizedNetwork quantized, int size, int batch) throws IOException {
    Samples samples = Pictures.samples(BATCHES, batch, size);
    Turns.serve(
        () -> {
          long start = System.nanoTime();
          quantized.evaluate(samples, (outputs, labels) -> new double[batch]);
          return (System.nanoTime() - start) / 1e6 / BATCHES;
        },
        WARM_UP);
  }
}
