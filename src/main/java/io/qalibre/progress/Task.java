package io.qalibre.progress;

import java.util.List;

/** One task's report. Implementations throttle what they show and always show the last state. */
public interface Task extends AutoCloseable {
  /**
   * Says how far the task is.
   *
   * @param done steps done so far, 0 to the number begun with where that is known
   * @param detail a few words about the present state, or an empty string
   */
  void update(long done, String detail);

  /**
   * Shows curves that grow while the task runs; a later call with the same title replaces the
   * earlier picture in place.
   *
   * @param title the picture's title
   * @param curves the curves as they are now
   */
  void plot(String title, List<Curve> curves);

  /** Ends the report; shows the last state. */
  @Override
  void close();
}
