package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import io.qalibre.engine.EngineArrays;
import io.qalibre.models.MnistNet;
import io.qalibre.testing.Labelled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Two thousand steps of quantization-aware training: the process stays as large as it was. */
@EnabledIfSystemProperty(named = "full", matches = "true", disabledReason = "a long suite")
@EnabledOnOs(value = OS.LINUX, disabledReason = "memory is read from /proc")
class TrainableNetwork_memory_Test {
  private static final int STEPS = 2000;
  private static final int WARM_UP = 1000;
  private static final int EVERY = 500;
  private static final int BATCH = 32;
  private static final Percentage FLAT = Percentage.withPercentage(5);

  /** What the process holds in MB, and how many arrays the engine. */
  private record Held(double resident, double heap, int arrays) {
    static Held now() throws IOException {
      System.gc();
      Runtime runtime = Runtime.getRuntime();
      long kilobytes =
          Files.readAllLines(Path.of("/proc/self/status")).stream()
              .filter(line -> line.startsWith("VmRSS:"))
              .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
              .sum();
      return new Held(
          kilobytes / 1e3,
          (runtime.totalMemory() - runtime.freeMemory()) / 1e6,
          EngineArrays.arrays());
    }
  }

  @Test
  void memory_is_flat_after_the_warm_up() throws IOException {
    Labelled samples = Labelled.random(1, BATCH, 1, 28, 28).batch(BATCH);
    QuantizedNetwork start =
        Qalibre.of(MnistNet.graph(1))
            .foldBatchNorms()
            .simulate(QuantConfig.int8())
            .computeEncodings(samples);
    Loss loss = Loss.softmaxCrossEntropyLoss();
    List<Held> held = new ArrayList<>();
    try (TrainableNetwork trainable = start.trainable();
        Trainer trainer = trainable.trainer(new DefaultTrainingConfig(loss))) {
      trainer.initialize(new Shape(1, 1, 28, 28));
      NDManager manager = trainable.model().getNDManager();
      for (int step = 0; step <= WARM_UP + STEPS; step++) {
        if (step % EVERY == 0) {
          held.add(Held.now());
        }
        step(trainer, loss, manager);
      }
    }
    held.forEach(
        h ->
            System.out.printf(
                Locale.ROOT,
                "resident %.0f MB, heap %.1f MB, %d arrays%n",
                h.resident,
                h.heap,
                h.arrays));
    Held first = held.get(WARM_UP / EVERY);
    Held last = held.get(held.size() - 1);
    assertThat(last.resident).isCloseTo(first.resident, FLAT);
    assertThat(last.heap).isCloseTo(first.heap, FLAT);
    assertThat(last.arrays).isEqualTo(first.arrays);
  }

  private static void step(Trainer trainer, Loss loss, NDManager manager) {
    try (NDManager batch = manager.newSubManager()) {
      NDList inputs = new NDList(batch.randomNormal(new Shape(BATCH, 1, 28, 28)));
      NDArray classes = batch.arange(BATCH).mod(10).toType(DataType.INT64, false);
      NDList labels = new NDList(classes);
      try (GradientCollector collector = trainer.newGradientCollector()) {
        NDArray value = loss.evaluate(labels, trainer.forward(inputs, labels));
        collector.backward(value);
      }
      trainer.step();
    }
  }
}
