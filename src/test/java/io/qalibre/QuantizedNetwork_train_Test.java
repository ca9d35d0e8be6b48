package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Graph;
import io.qalibre.qat.Qat;
import io.qalibre.qat.Training;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Quantization-aware training that is killed in a process of its own, and gone on with here. */
class QuantizedNetwork_train_Test {
  private static final int EPOCHS = 4;
  private static final int KILLED_IN = 3;
  private static final long SECONDS = 120;
  private static final Labelled TRAINING = Labelled.twoSides(64, 1);
  private static final Labelled VALIDATION = Labelled.twoSides(64, 2);

  @TempDir private Path folder;

  /** The program that is killed: its argument is the folder of the checkpoint. */
  public static final class Program {
    private Program() {}

    public static void main(String[] arguments) {
      Path folder = Path.of(arguments[0]);
      int[] passes = {0};
      Labelled stopping =
          TRAINING.before(
              batch -> {
                passes[0] += batch == 0 ? 1 : 0;
                if (passes[0] == KILLED_IN && batch == 4) {
                  waitToBeKilled(folder);
                }
              });
      start().train(stopping, options(folder));
    }

    private static void waitToBeKilled(Path folder) {
      try {
        Files.createFile(folder.resolve("in-mid-epoch"));
        Thread.sleep(TimeUnit.SECONDS.toMillis(SECONDS));
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static Network network() {
    Graph graph =
        Net.input(2)
            .linear("a", "x", 8, 2)
            .batchNorm("n", "a", 8)
            .op("r", "Relu", List.of("n"))
            .linear("y", "r", 2, 8)
            .build("y");
    return new Network(graph, List.of(new Step("load", "net.onnx")));
  }

  private static QuantizedNetwork start() {
    return network().simulate(QuantConfig.int8()).computeEncodings(TRAINING);
  }

  /** All that has a state of its own, or changes in the course of a training. */
  private static Training options(Path folder) {
    return Qat.epochs(EPOCHS)
        .learningRate(0.02)
        .warmup(0.5)
        .stepSchedule(2, 0.3)
        .rangeLearningRate(0.5)
        .freezeRangesAfter(EPOCHS - 1)
        .freezeNormsAfter(1)
        .dampOscillations(0.1)
        .distillFrom(network(), 2, 0.3)
        .stopAfter(EPOCHS)
        .validate(VALIDATION)
        .checkpoint(folder.resolve("qat.checkpoint"));
  }

  private static Process run(Path folder) throws IOException {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            classPath,
            Program.class.getName(),
            folder.toString())
        .redirectErrorStream(true)
        .redirectOutput(new File(folder.toFile(), "output.txt"))
        .start();
  }

  @Test
  void killed_in_an_epoch_it_ends_where_an_uninterrupted_one_does() throws Exception {
    Process process = run(folder);
    try {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
      while (!Files.exists(folder.resolve("in-mid-epoch"))
          && process.isAlive()
          && System.nanoTime() < deadline) {
        Thread.sleep(20);
      }
      assertThat(process.isAlive()).as(Files.readString(folder.resolve("output.txt"))).isTrue();
    } finally {
      process.destroyForcibly().waitFor();
    }
    int[] batches = {0};
    Labelled counting = TRAINING.before(batch -> batches[0]++);

    QuantizedNetwork resumed = start().train(counting, options(folder));

    QuantizedNetwork whole =
        start().train(TRAINING, options(Files.createDirectory(folder.resolve("whole"))));
    // The killed epoch is done again, those before it are not.
    assertThat(batches[0]).isEqualTo(8 * (EPOCHS - KILLED_IN + 1));
    assertThat(resumed.history().losses()).isEqualTo(whole.history().losses());
    assertThat(resumed.simulation().graph().initializers())
        .isEqualTo(whole.simulation().graph().initializers());
    assertThat(resumed.simulation().encodings()).isEqualTo(whole.simulation().encodings());
    assertThat(whole.simulation().encodings()).isNotEqualTo(start().simulation().encodings());
  }
}
