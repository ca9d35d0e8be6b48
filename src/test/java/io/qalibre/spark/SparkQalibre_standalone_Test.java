package io.qalibre.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledForJreRange;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A real cluster: a master, two workers and their executors, in processes of their own. */
@EnabledIfSystemProperty(named = "full", matches = "true", disabledReason = "a long suite")
@DisabledForJreRange(min = JRE.JAVA_24, disabledReason = LocalSpark.NEWER_JAVA)
class SparkQalibre_standalone_Test {
  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private static Path folder;

  private static StandaloneCluster cluster;
  private static Object here;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    cluster = StandaloneCluster.start(folder);
    here =
        found(
            ClusterDriver.HERE,
            cluster.drive(jar -> true, ClusterDriver.HERE, folder.toString()).output());
  }

  @AfterAll
  static void stop() throws InterruptedException {
    cluster.close();
  }

  private static Object found(String what, String output) throws IOException {
    assertThat(folder.resolve(what)).as(output).exists();
    return ValueReader.read(Files.readAllBytes(folder.resolve(what)));
  }

  @Test
  void encodings_are_those_of_one_machine() throws IOException, InterruptedException {
    String output = cluster.drive(jar -> true, ClusterDriver.WHOLE, folder.toString()).output();

    assertThat(((Map<?, ?>) here).keySet()).hasToString("[min_max, tf_enhanced, percentile 99.9]");
    assertThat(found(ClusterDriver.WHOLE, output).equals(here)).as("equal encodings").isTrue();
  }

  @Test
  void an_executor_that_is_killed_changes_nothing() throws IOException, InterruptedException {
    Path read = folder.resolve("read");
    StandaloneCluster.Driver driver =
        cluster.drive(jar -> true, ClusterDriver.SLOW, folder.toString());
    while (driver.process().isAlive() && lines(read).size() < 5) {
      Thread.sleep(100);
    }
    String victim = lines(read).get(lines(read).size() - 1);
    boolean killed = ProcessHandle.of(Long.parseLong(victim)).orElseThrow().destroyForcibly();
    String output = driver.output();

    assertThat(killed).isTrue();
    assertThat(found(ClusterDriver.SLOW, output).equals(here)).as("equal encodings").isTrue();
    // What it had begun was read again, by others.
    List<String> after = lines(read);
    assertThat(after).hasSizeGreaterThan(ClusterDriver.SAMPLES / ClusterDriver.BATCH + 1);
    assertThat(after.get(after.size() - 1)).isNotEqualTo(victim);
  }

  private static List<String> lines(Path file) throws IOException {
    return Files.exists(file) ? Files.readAllLines(file) : List.of();
  }

  @Test
  void a_worker_without_the_native_library_is_a_sentence()
      throws IOException, InterruptedException {
    String output =
        cluster
            .drive(
                jar -> !jar.contains("pytorch-native") && !jar.contains("pytorch-jni"),
                ClusterDriver.BARE,
                folder.toString())
            .output();

    assertThat(output)
        .containsPattern(
            "failed: the worker on host "
                + InetAddress.getLocalHost().getHostName()
                + ", executor \\d+ has no native library of PyTorch that loads \\(.+\\)");
    assertThat(folder.resolve(ClusterDriver.BARE)).doesNotExist();
  }
}
