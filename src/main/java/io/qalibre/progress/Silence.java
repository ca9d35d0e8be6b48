package io.qalibre.progress;

import java.util.List;
import java.util.function.Supplier;

/** The reports of threads that nobody watches. */
final class Silence implements Task {
  private static final Silence TASK = new Silence();
  private static final ThreadLocal<Integer> DEPTH = ThreadLocal.withInitial(() -> 0);

  private Silence() {}

  /** Whether this thread is to be silent. */
  static boolean here() {
    return DEPTH.get() > 0;
  }

  static Task task() {
    return TASK;
  }

  static <T> T during(Supplier<T> work) {
    DEPTH.set(DEPTH.get() + 1);
    try {
      return work.get();
    } finally {
      DEPTH.set(DEPTH.get() - 1);
    }
  }

  @Override
  public void update(long done, String detail) {
    // Somebody else reports for all the threads.
  }

  @Override
  public void plot(String title, List<Curve> curves) {
    // Nobody looks.
  }

  @Override
  public void close() {
    // Nothing was begun.
  }
}
