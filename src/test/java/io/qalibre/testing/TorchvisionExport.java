package io.qalibre.testing;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs {@code src/test/python/torchvision_export.py}. The Python is the one that the environment
 * variable QALIBRE_TORCHVISION_PYTHON names, which has torch, torchvision and onnx, or an
 * environment in {@code target/torchvision} that is made once, with several GB through pip.
 */
public final class TorchvisionExport {
  private static final Path SCRIPT = Path.of("src", "test", "python", "torchvision_export.py");
  private static final Path FOLDER = Path.of("target", "torchvision");
  private static final Path ENVIRONMENT = FOLDER.resolve("venv");
  private static final List<String> PACKAGES =
      List.of("torch==2.7.1", "torchvision==0.22.1", "onnx==1.23.2");

  private TorchvisionExport() {}

  /**
   * The ONNX file of a network; one that is there already and newer than the script is taken. The
   * test is skipped where neither Python can be had.
   *
   * @param network one of the script's names
   */
  public static Path file(String network) throws IOException, InterruptedException {
    Path models = FOLDER.resolve("models");
    Path file = models.resolve(network + ".onnx");
    if (!Files.exists(file) || modified(file).compareTo(modified(SCRIPT)) < 0) {
      String python = python();
      // A file appears whole or not at all.
      Path fresh = Files.createDirectories(models.resolve("fresh"));
      Run run = Run.of(python, SCRIPT.toString(), fresh.toString(), network);
      if (run.status() != 0) {
        throw new AssertionError("could not export " + network + ":\n" + run.output());
      }
      Files.move(fresh.resolve(network + ".onnx"), file, StandardCopyOption.REPLACE_EXISTING);
    }
    return file;
  }

  private static FileTime modified(Path file) throws IOException {
    return Files.getLastModifiedTime(file);
  }

  private static String python() throws IOException, InterruptedException {
    String given = System.getenv("QALIBRE_TORCHVISION_PYTHON");
    if (given != null) {
      return given;
    }
    String python = ENVIRONMENT.resolve("bin").resolve("python").toString();
    // The stamp is written last, so that an interrupted installation is started over.
    Path stamp = ENVIRONMENT.resolve(".requirements");
    String wanted = String.join("\n", PACKAGES);
    if (!Files.exists(stamp) || !Files.readString(stamp).equals(wanted)) {
      require(Run.of("python3", "-m", "venv", "--clear", ENVIRONMENT.toString()));
      List<String> install =
          new ArrayList<>(
              List.of(python, "-m", "pip", "install", "-q", "--disable-pip-version-check"));
      install.addAll(PACKAGES);
      require(Run.of(install.toArray(String[]::new)));
      Files.writeString(stamp, wanted);
    }
    return python;
  }

  private static void require(Run run) {
    if (run.status() != 0) {
      abort(
          "skipped: no Python with %s; set QALIBRE_TORCHVISION_PYTHON to one. Making it failed: %s"
              .formatted(String.join(", ", PACKAGES), run.output()));
    }
  }

  /** A finished program: its exit status, and the end of what it said. */
  private record Run(int status, String output) {
    private static final int MOST_MINUTES = 60;
    private static final int MOST_CHARACTERS = 2000;

    static Run of(String... command) throws IOException, InterruptedException {
      Path log = Files.createTempFile("qalibre-torchvision", ".log");
      Process process;
      try {
        process =
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
      } catch (IOException e) {
        Files.delete(log);
        return new Run(-1, String.valueOf(e.getMessage()));
      }
      boolean ended = false;
      try {
        ended = process.waitFor(MOST_MINUTES, TimeUnit.MINUTES);
        String output = Files.readString(log);
        return new Run(
            ended ? process.exitValue() : -1,
            output.substring(Math.max(0, output.length() - MOST_CHARACTERS)));
      } finally {
        if (!ended) {
          process.destroyForcibly();
        }
        Files.delete(log);
      }
    }
  }
}
