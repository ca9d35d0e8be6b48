package io.qalibre.progress;

import java.util.ServiceLoader;
import java.util.function.Supplier;

/** Where long verbs report how far they are: the console, or a notebook's cell. */
public interface Progress {
  /**
   * Whether this implementation can report here and now; the first one found that can is used.
   *
   * @return true where there is somebody to report to
   */
  boolean available();

  /**
   * Begins to report a task.
   *
   * @param title what is being done, a few words
   * @param steps how many steps it takes; 0 where that is not known
   * @return the task's report; close it when the task ends, however it ends
   */
  Task begin(String title, long steps);

  /** Begins to report a task wherever reports go in this process. */
  static Task start(String title, long steps) {
    if (Silence.here()) {
      return Silence.task();
    }
    for (Progress progress : ServiceLoader.load(Progress.class, Progress.class.getClassLoader())) {
      if (progress.available()) {
        return progress.begin(title, steps);
      }
    }
    return new ConsoleProgress().begin(title, steps);
  }

  /**
   * Does work whose tasks, on this thread, report nowhere: parts of a whole that reports for them.
   *
   * @param work what is done
   * @return what the work gives
   */
  static <T> T silently(Supplier<T> work) {
    return Silence.during(work);
  }
}
