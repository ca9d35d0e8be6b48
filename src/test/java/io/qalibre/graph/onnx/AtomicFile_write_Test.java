package io.qalibre.graph.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.testing.OwnProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that appear whole or not at all. */
class AtomicFile_write_Test {
  private static final byte[] NEW = "new and longer than before".getBytes(StandardCharsets.UTF_8);
  private static final int KILLED = 9;

  @TempDir private Path folder;

  /** The program that ends without a word in the middle of a file: its argument. */
  public static final class Program {
    private Program() {}

    public static void main(String[] arguments) throws IOException {
      AtomicFile.write(
          Path.of(arguments[0]),
          out -> {
            out.write(NEW, 0, NEW.length / 2);
            out.flush();
            Runtime.getRuntime().halt(KILLED);
          });
    }
  }

  @Test
  void killed_in_the_middle_the_old_file_stays() throws Exception {
    Path file = Files.writeString(folder.resolve("some.json"), "old");

    Process process =
        OwnProcess.of(Program.class, folder.resolve("output.txt"), file.toString()).start();

    assertThat(process.waitFor()).isEqualTo(KILLED);
    assertThat(file).hasContent("old");
    AtomicFile.write(file, out -> out.write(NEW));
    assertThat(file).hasBinaryContent(NEW);
  }

  @Test
  void an_interrupt_neither_stops_it_nor_gets_lost() throws IOException {
    Path file = folder.resolve("some.json");
    Thread.currentThread().interrupt();

    AtomicFile.write(file, out -> out.write(NEW));

    assertThat(Thread.interrupted()).isTrue();
    assertThat(file).hasBinaryContent(NEW);
  }

  @Test
  void whether_it_can_be_written_is_found_out_without_a_trace() throws IOException {
    Path file = Files.writeString(folder.resolve("some.json"), "old");

    AtomicFile.requireWritable(file);
    AtomicFile.requireWritable(folder.resolve("new folder").resolve("some.json"));

    assertThat(file).hasContent("old");
    try (Stream<Path> left = Files.walk(folder).filter(Files::isRegularFile)) {
      assertThat(left).containsExactly(file);
    }
    assertThatThrownBy(() -> AtomicFile.requireWritable(file.resolve("below a file")))
        .isInstanceOf(IOException.class);
  }
}
