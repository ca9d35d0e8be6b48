package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qalibre.errors.QalibreException;
import io.qalibre.testing.FileVerb;
import io.qalibre.testing.OwnProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that may no longer write more than 4 KiB into a file: its writes fail in the middle, as
 * on a disk that is full.
 */
class Qalibre_fullDisk_Test {
  private static final Path PRLIMIT = Path.of("/usr/bin/prlimit");

  @TempDir private Path root;

  /** The program that runs out of room: its arguments are a folder to warm up in, and another. */
  public static final class Program {
    private Program() {}

    public static void main(String[] arguments) throws Exception {
      for (FileVerb verb : FileVerb.all()) {
        verb.call().accept(Path.of(arguments[0]));
      }
      System.out.println("warm");
      Path folder = Path.of(arguments[1]);
      while (!Files.exists(folder.resolveSibling("go"))) {
        Thread.sleep(20);
      }
      for (FileVerb verb : FileVerb.all()) {
        System.out.println(verb + ": " + outcome(verb, folder));
      }
    }

    private static String outcome(FileVerb verb, Path folder) {
      try {
        verb.call().accept(folder);
        return "was written";
      } catch (QalibreException e) {
        return e.getMessage();
      }
    }
  }

  @Test
  void the_message_says_so_and_what_was_there_stays() throws Exception {
    assumeTrue(Files.isExecutable(PRLIMIT), "there is no " + PRLIMIT);
    Path warm = Files.createDirectory(root.resolve("warm"));
    Path folder = Files.createDirectory(root.resolve("folder"));
    for (FileVerb verb : FileVerb.all()) {
      if (!verb.file().startsWith("net-")) {
        verb.call().accept(folder);
      }
    }
    Map<String, byte[]> before = contents(folder);
    OwnProcess program =
        OwnProcess.of(
            Program.class, root.resolve("output.txt"), warm.toString(), folder.toString());
    Process process = program.start();
    program.awaitWritten(process, "warm");

    Process limiting =
        new ProcessBuilder(PRLIMIT.toString(), "--pid=" + process.pid(), "--fsize=4096").start();
    assertThat(limiting.waitFor()).isZero();
    Files.createFile(root.resolve("go"));

    String said = program.end(process);
    for (FileVerb verb : FileVerb.all()) {
      assertThat(said.lines().filter(line -> line.startsWith(verb + ": ")))
          .singleElement()
          .asString()
          .contains(verb.file(), "File too large");
    }
    Map<String, byte[]> after = contents(folder);
    before.forEach((name, bytes) -> assertThat(after.get(name)).as(name).isEqualTo(bytes));
    assertThat(after.keySet()).noneMatch(name -> name.endsWith(".tmp"));
    // With room again all of it is done; the rounding goes on behind the layers that are whole.
    for (FileVerb verb : FileVerb.all()) {
      verb.call().accept(folder);
    }
    FileVerb.readAll(folder);
  }

  private static Map<String, byte[]> contents(Path folder) throws IOException {
    Map<String, byte[]> contents = new HashMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        contents.put(file.getFileName().toString(), Files.readAllBytes(file));
      }
    }
    return contents;
  }
}
