package io.qalibre.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.models.MobileNetV2;
import io.qalibre.models.ResNet50;
import io.qalibre.qat.TrainableModel;
import java.io.IOException;
import java.util.Map;

/** A contender of {@code benchmarks/peers}: a training step of a float network. */
public final class TrainingStep {
  private static final int CLASSES = 10;
  private static final int WARM_UP = 3;

  private TrainingStep() {}

  /** Takes the network, its size and the batch size. */
  public static void main(String[] arguments) throws IOException {
    int size = Integer.parseInt(arguments[1]);
    int batch = Integer.parseInt(arguments[2]);
    Graph graph =
        arguments[0].equals("resnet50")
            ? ResNet50.graph(size, CLASSES, 1)
            : MobileNetV2.graph(size, CLASSES, 1);
    Loss loss = Loss.softmaxCrossEntropyLoss();
    DefaultTrainingConfig config =
        new DefaultTrainingConfig(loss)
            .optOptimizer(
                Optimizer.sgd()
                    .setLearningRateTracker(Tracker.fixed(1e-3f))
                    .optMomentum(0.9f)
                    .build());
    try (TrainableModel model = TrainableModel.of("step", new Simulation(graph, Map.of()));
        Trainer trainer = model.trainer(config)) {
      model.block().liveNorms(true);
      trainer.initialize(new Shape(1, 3, size, size));
      NDManager manager = model.model().getNDManager();
      NDArray x = manager.create(Pictures.noise(batch, size), new Shape(batch, 3, size, size));
      NDArray y = labels(manager, batch);
      Turns.serve(() -> step(trainer, loss, x, y), WARM_UP);
    }
  }

  static NDArray labels(NDManager manager, int batch) {
    return manager.arange(batch).mod(CLASSES).toType(ai.djl.ndarray.types.DataType.INT64, false);
  }

  /** The time in milliseconds. */
  static double step(Trainer trainer, Loss loss, NDArray x, NDArray y) {
    long start = System.nanoTime();
    try (NDManager batch = x.getManager().newSubManager()) {
      NDArray input = x.duplicate();
      input.attach(batch);
      try (GradientCollector collector = trainer.newGradientCollector()) {
        NDList output = trainer.forward(new NDList(input), new NDList(y));
        NDArray value = loss.evaluate(new NDList(y), output);
        value.getFloat();
        collector.backward(value);
      }
      trainer.step();
    }
    return (System.nanoTime() - start) / 1e6;
  }
}
