package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qalibre.errors.QalibreException;
import io.qalibre.qat.Qat;
import io.qalibre.testing.FileVerb;
import io.qalibre.testing.WholeWay;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Output folders that nothing can be written into. */
class Qalibre_readOnlyFolder_Test {
  /** Linux lets nobody write here, not even the administrator. */
  private static final Path NOBODYS = Path.of("/sys/kernel");

  @TempDir private static Path root;

  private static Path folder;

  @BeforeAll
  static void choose() throws IOException {
    Path own = Files.createDirectory(root.resolve("read only"));
    Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("r-xr-xr-x"));
    // The administrator may write there all the same.
    folder = Files.isWritable(own) ? NOBODYS : own;
    assumeTrue(Files.isDirectory(folder), "there is no folder " + folder);
  }

  static Stream<FileVerb> verbs() {
    return FileVerb.all().stream();
  }

  @ParameterizedTest
  @MethodSource("verbs")
  void the_message_names_the_file_and_the_reason(FileVerb verb) {
    assertThatThrownBy(() -> verb.call().accept(folder))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining(folder.resolve(verb.file()).toString())
        .hasMessageMatching("(?s).*(Permission denied|AccessDenied|not permitted).*");
  }

  @Test
  void a_training_finds_out_before_it_learns() {
    int[] batches = {0};
    var counting = WholeWay.SAMPLES.before(batch -> batches[0]++);
    QuantizedNetwork start =
        WholeWay.network().simulate(QuantConfig.int8()).computeEncodings(WholeWay.SAMPLES);

    assertThatThrownBy(
            () -> start.train(counting, Qat.epochs(1).checkpoint(folder.resolve("t.checkpoint"))))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("t.checkpoint cannot be written");
    assertThat(batches[0]).isZero();
  }
}
