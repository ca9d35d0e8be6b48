package io.qalibre.spark;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A standalone cluster on this machine: a master and two workers, each a process, from the {@code
 * SPARK_HOME} that {@code scripts/spark_home.sh} makes.
 */
final class StandaloneCluster implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private final Path home;
  private final Path folder;
  private final int port;
  private final List<Process> processes = new ArrayList<>();

  private StandaloneCluster(Path home, Path folder) throws IOException {
    this.home = home;
    this.folder = folder;
    port = freePort();
  }

  /** Starts one whose logs and work lie in a folder. */
  static StandaloneCluster start(Path folder) throws IOException, InterruptedException {
    StandaloneCluster cluster = new StandaloneCluster(sparkHome(), folder);
    cluster.launch("master", "--host", "127.0.0.1", "--port", String.valueOf(cluster.port));
    cluster.awaitMaster();
    for (int i = 0; i < 2; i++) {
      cluster.launch(
          "worker",
          "--host",
          "127.0.0.1",
          "--cores",
          "1",
          "--memory",
          "2g",
          "--work-dir",
          folder.resolve("work" + i).toString(),
          cluster.url());
    }
    return cluster;
  }

  private static Path sparkHome() throws IOException {
    Path made = Path.of(".spark/4.0.1");
    try (Stream<Path> libraries =
        Files.isDirectory(made) ? Files.list(made.resolve("lib")) : Stream.empty()) {
      return libraries
          .map(python -> python.resolve("site-packages/pyspark"))
          .filter(Files::isDirectory)
          .findFirst()
          .map(Path::toAbsolutePath)
          .orElseThrow(
              () ->
                  new IllegalStateException(
                      "there is no Spark in " + made + "; run scripts/spark_home.sh"));
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  String url() {
    return "spark://127.0.0.1:" + port;
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  private void launch(String role, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                java(),
                "-Xmx512m",
                "-cp",
                home.resolve("jars") + "/*",
                "org.apache.spark.deploy."
                    + role
                    + "."
                    + Character.toUpperCase(role.charAt(0))
                    + role.substring(1),
                "--webui-port",
                "0"));
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(role + processes.size() + ".log").toFile());
    builder.environment().put("SPARK_HOME", home.toString());
    // What Spark's own scripts would set.
    builder.environment().put("SPARK_SCALA_VERSION", "2.13");
    builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    processes.add(builder.start());
  }

  private void awaitMaster() throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < end) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return;
      } catch (IOException e) {
        Thread.sleep(200);
      }
    }
    throw new IllegalStateException("no master at " + url() + "; see " + folder);
  }

  /** A driver that was started, and where its output goes. */
  record Driver(Process process, Path log) {
    /** Waits for its end; gives what it printed. */
    String output() throws IOException, InterruptedException {
      if (!process.waitFor(PATIENCE.toMinutes(), TimeUnit.MINUTES)) {
        process.destroyForcibly();
      }
      return Files.readString(log);
    }
  }

  /**
   * Starts {@link ClusterDriver}.
   *
   * @param executors which jars of this process the executors get
   * @param arguments what it is to do, and the folder for what it finds
   */
  Driver drive(Predicate<String> executors, String... arguments) throws IOException {
    Path log = folder.resolve("driver-" + arguments[0] + ".log");
    List<String> command =
        new ArrayList<>(
            List.of(
                java(),
                "-Xmx2g",
                "-cp",
                System.getProperty("java.class.path"),
                "-Djava.awt.headless=true",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Dspark.master=" + url(),
                "-Dspark.app.name=" + arguments[0],
                "-Dspark.driver.host=127.0.0.1",
                "-Dspark.ui.enabled=false",
                "-Dspark.cores.max=2",
                "-Dspark.executor.cores=1",
                "-Dspark.executor.memory=1g",
                "-Dspark.executorEnv.OMP_NUM_THREADS=1",
                "-Dspark.executorEnv.DJL_CACHE_DIR=" + cache(arguments[0]),
                "-Dspark.executor.extraClassPath=" + classPath(executors),
                "-Dspark.executor.extraJavaOptions=-Dai.djl.offline=true"));
    command.add(ClusterDriver.class.getName());
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    // Another number of threads gives other last bits.
    builder.environment().put("OMP_NUM_THREADS", "1");
    return new Driver(builder.start(), log);
  }

  /** Executors without jars must not find what others have unpacked. */
  private Path cache(String what) {
    String own = System.getenv("DJL_CACHE_DIR");
    return what.equals(ClusterDriver.BARE) || own == null
        ? folder.resolve("djl-" + what)
        : Path.of(own);
  }

  /** What a worker's Spark has not, without the other binding of SLF4J. */
  private String classPath(Predicate<String> executors) {
    try (Stream<Path> jars = Files.list(home.resolve("jars"))) {
      List<String> own = jars.map(jar -> jar.getFileName().toString()).toList();
      return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
          .map(entry -> Path.of(entry).toAbsolutePath())
          .filter(entry -> !own.contains(entry.getFileName().toString()))
          .filter(entry -> !entry.toString().contains("slf4j-simple"))
          .map(Path::toString)
          .filter(executors)
          .collect(Collectors.joining(File.pathSeparator));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Stops master and workers, with the executors of these. */
  @Override
  public void close() throws InterruptedException {
    for (Process process : processes) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      process.waitFor(1, TimeUnit.MINUTES);
    }
  }
}
