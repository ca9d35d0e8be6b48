package io.qalibre.spark;

import ai.djl.engine.Engine;
import io.qalibre.errors.QalibreException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.apache.spark.SparkEnv;

/** The engine of a worker's process. */
final class WorkerEngine {
  private WorkerEngine() {}

  /**
   * Starts the engine if it does not run yet.
   *
   * @throws QalibreException if its native library is missing or does not load, naming the host and
   *     the cause
   */
  static void require() {
    require(() -> Engine.getEngine("PyTorch"));
  }

  static void require(Runnable start) {
    try {
      start.run();
    } catch (RuntimeException | LinkageError e) {
      throw new QalibreException(
          "the worker on %s has no native library of PyTorch that loads (%s); give the executors the jars pytorch-native-cpu and pytorch-jni, see docs/spark.md"
              .formatted(where(), cause(e)),
          e);
    }
  }

  /** Such as {@code host node-7, executor 3}. */
  static String where() {
    SparkEnv env = SparkEnv.get();
    String executor = env == null ? "" : ", executor " + env.executorId();
    return "host " + host() + executor;
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "of unknown name";
    }
  }

  private static String cause(Throwable error) {
    Throwable root = error;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String first = String.valueOf(root.getMessage()).lines().findFirst().orElse("");
    return root.getClass().getSimpleName() + ": " + first;
  }
}
