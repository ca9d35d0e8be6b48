package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.testing.FileVerb;
import io.qalibre.testing.OwnProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that writes files of all kinds over and over, and is killed at any moment. */
class Qalibre_kill_Test {
  private static final int KILLS = Boolean.getBoolean("full") ? 30 : 2;
  private static final int LONGEST_MS = 1500;

  @TempDir private Path root;

  /** The program that is killed: its argument is the folder. */
  public static final class Program {
    private Program() {}

    public static void main(String[] arguments) throws IOException {
      Path folder = Path.of(arguments[0]);
      for (int round = 1; ; round++) {
        for (FileVerb verb : FileVerb.all()) {
          verb.call().accept(folder);
        }
        System.out.println("round " + round);
        deleteCheckpoints(folder);
      }
    }

    /** Else trainings that are over would not be begun again. */
    private static void deleteCheckpoints(Path folder) throws IOException {
      try (var files = Files.newDirectoryStream(folder, "*.checkpoint")) {
        for (Path file : files) {
          Files.delete(file);
        }
      }
    }
  }

  @Test
  void what_was_there_stays_and_the_work_goes_on() throws Exception {
    Random random = new Random(5);
    for (int kill = 0; kill < KILLS; kill++) {
      Path folder = Files.createDirectory(root.resolve("kill" + kill));
      OwnProcess program =
          OwnProcess.of(Program.class, root.resolve("output.txt"), folder.toString());
      Process process = program.start();
      try {
        program.awaitWritten(process, "round 1");
        Thread.sleep(random.nextInt(LONGEST_MS));
        assertThat(process.isAlive()).as(program.written()).isTrue();
      } finally {
        process.destroyForcibly().waitFor();
      }

      FileVerb.readAll(folder);
      assertThat(folder.resolve("report.html")).content().endsWith("</html>\n");
      // Checkpoints too: a training or rounding that was stopped goes on from its own.
      for (FileVerb verb : FileVerb.all()) {
        verb.call().accept(folder);
      }
      FileVerb.readAll(folder);
      assertThat(List.of(folder.toFile().list())).contains("net.onnx", "seen.json");
    }
  }
}
