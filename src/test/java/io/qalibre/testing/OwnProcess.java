package io.qalibre.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A program of the tests in a Java process of its own, which can be killed, or be given another
 * Java, locale or less memory.
 *
 * @param command what is run
 * @param environment variables beside those of this process
 * @param output the file that it writes to
 */
public record OwnProcess(List<String> command, Map<String, String> environment, Path output) {
  private static final long MINUTES = 10;

  /** Copies the list and the map. */
  public OwnProcess {
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
  }

  /**
   * A program in the Java that runs the tests.
   *
   * @param main a class with a method {@code main}
   * @param output the file that it writes to
   */
  public static OwnProcess of(Class<?> main, Path output, String... arguments) {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> command =
        new ArrayList<>(
            List.of(
                java(Path.of(System.getProperty("java.home"))),
                "-cp",
                classPath,
                // Else Java keeps a file of its own, which some of the tests do not let it.
                "-XX:-UsePerfData",
                main.getName()));
    command.addAll(List.of(arguments));
    return new OwnProcess(command, Map.of("OMP_WAIT_POLICY", "passive"), output);
  }

  private static String java(Path home) {
    return home.resolve("bin").resolve("java").toString();
  }

  /** The same in another Java. */
  public OwnProcess in(Path home) {
    List<String> other = new ArrayList<>(command);
    other.set(0, java(home));
    return new OwnProcess(other, environment, output);
  }

  /** The same with options of Java. */
  public OwnProcess with(String... options) {
    List<String> other = new ArrayList<>(command);
    other.addAll(1, List.of(options));
    return new OwnProcess(other, environment, output);
  }

  /** The same started by a shell, after a command of it. */
  public OwnProcess after(String shell) {
    List<String> other = new ArrayList<>(List.of("bash", "-c", shell + "; exec \"$@\"", "bash"));
    other.addAll(command);
    return new OwnProcess(other, environment, output);
  }

  /** The same with a variable. */
  public OwnProcess variable(String name, String value) {
    Map<String, String> other = new java.util.HashMap<>(environment);
    other.put(name, value);
    return new OwnProcess(command, other, output);
  }

  /** Starts it. */
  public Process start() {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().putAll(environment);
    try {
      return builder.start();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Waits for its end, which has to be a good one; gives what it has written. */
  public String end(Process process) {
    try {
      assertThat(process.waitFor(MINUTES, TimeUnit.MINUTES)).as("ends in time").isTrue();
      assertThat(process.exitValue()).as(written()).isZero();
      return written();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    } finally {
      process.destroyForcibly();
    }
  }

  /** Runs it to its end, which has to be a good one; gives what it has written. */
  public String run() {
    return end(start());
  }

  /** What it has written so far. */
  public String written() {
    try {
      return Files.readString(output, Charset.defaultCharset());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Waits until it has written something, or is no longer alive. */
  public void awaitWritten(Process process, String text) {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(MINUTES);
    try {
      while (!written().contains(text) && process.isAlive() && System.nanoTime() < deadline) {
        Thread.sleep(20);
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    assertThat(written()).contains(text);
  }
}
