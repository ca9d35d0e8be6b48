package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.testing.OwnProcess;
import io.qalibre.testing.WholeWay;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two processes that do the same work in one folder at once: checkpoints, exports, reports. */
class Qalibre_twoKernels_Test {
  @TempDir private Path root;

  @Test
  void both_find_the_same_and_every_file_is_whole() throws Exception {
    Path shared = Files.createDirectory(root.resolve("shared"));
    OwnProcess one = OwnProcess.of(WholeWay.class, root.resolve("one.txt"), shared.toString());
    OwnProcess other = OwnProcess.of(WholeWay.class, root.resolve("other.txt"), shared.toString());
    Process first = one.start();
    Process second = other.start();
    String foundByOne = one.end(first);
    String foundByOther = other.end(second);

    Path alone = Files.createDirectory(root.resolve("alone"));
    String expected = WholeWay.go(alone);

    assertThat(findings(foundByOne)).containsAll(findings(expected));
    assertThat(findings(foundByOther)).containsAll(findings(expected));
    for (String file : WholeWay.FILES) {
      assertThat(shared.resolve(file)).hasSameBinaryContentAs(alone.resolve(file));
    }
    try (Stream<Path> files = Files.list(shared)) {
      assertThat(files).noneMatch(file -> file.toString().endsWith(".tmp"));
    }
  }

  /** Without the names of the files, among which one may see the other's that are being written. */
  private static List<String> findings(String output) {
    return output.lines().filter(line -> !line.startsWith("[V0_6_1")).toList();
  }
}
