package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.data.Datasets;
import io.qalibre.data.ImageSplits;
import io.qalibre.qat.Fp32;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A training in a process of its own, which is killed and started again. */
class TrainFp32_kill_Test {
  /** A tenth of the training pictures in the long suite. */
  private static final int PICTURES = Boolean.getBoolean("full") ? 5500 : 2560;

  private static final long MINUTES = 10;

  @TempDir private Path folder;

  /** The program that is killed: its arguments are the folder and the number of pictures. */
  public static final class Program {
    private Program() {}

    public static void main(String[] arguments) {
      ImageSplits all = Datasets.fashionMnist().as(3, 32);
      ImageSplits data =
          new ImageSplits(
              all.training().first(Integer.parseInt(arguments[1])),
              all.validation().first(100),
              all.test().first(100));
      TrainFp32.train(
          "mobilenet_v2", data, List.of(Fp32.epochs(2).learningRate(0.02)), Path.of(arguments[0]));
    }
  }

  private static Process start(Path into) throws IOException {
    Files.createDirectories(into);
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            classPath,
            Program.class.getName(),
            into.toString(),
            String.valueOf(PICTURES))
        .redirectErrorStream(true)
        .redirectOutput(new File(into.toFile(), "output.txt"))
        .start();
  }

  private static void end(Process process, Path into) throws Exception {
    try {
      assertThat(process.waitFor(MINUTES, TimeUnit.MINUTES)).isTrue();
      assertThat(process.exitValue()).as(Files.readString(into.resolve("output.txt"))).isZero();
    } finally {
      process.destroyForcibly();
    }
  }

  private static String log(Path into) throws IOException {
    Path file = into.resolve("mobilenet_v2.log");
    return Files.exists(file) ? Files.readString(file) : "";
  }

  @Test
  void a_training_killed_in_an_epoch_ends_where_an_uninterrupted_one_does() throws Exception {
    Path whole = folder.resolve("whole");
    end(start(whole), whole);

    Path killed = folder.resolve("killed");
    Process first = start(killed);
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(MINUTES);
    while (!log(killed).contains("epoch 1:") && first.isAlive() && System.nanoTime() < deadline) {
      Thread.sleep(50);
    }
    Thread.sleep(1000);
    first.destroyForcibly().waitFor();
    assertThat(log(killed)).contains("epoch 1:").doesNotContain("epoch 2:");
    end(start(killed), killed);

    assertThat(log(killed)).containsOnlyOnce("epoch 1:").containsOnlyOnce("epoch 2:");
    // Normalizations, their statistics and biases are in the file to the bit, matrices in float16.
    assertThat(killed.resolve("mobilenet_v2.onnx"))
        .hasSameBinaryContentAs(whole.resolve("mobilenet_v2.onnx"));
  }
}
