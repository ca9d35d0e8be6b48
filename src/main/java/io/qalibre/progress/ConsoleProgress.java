package io.qalibre.progress;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/** Prints a line at the start, every few seconds, and at the end: safe for logs. */
final class ConsoleProgress implements Progress {
  private static final long INTERVAL_NANOS = 5_000_000_000L;

  @Override
  public boolean available() {
    return true;
  }

  @Override
  public Task begin(String title, long steps) {
    return new Lines(title, steps, System.err);
  }

  private static final class Lines implements Task {
    private final String title;
    private final long steps;
    private final PrintStream out;
    private final long started = System.nanoTime();
    private long printed = started;
    private long done;
    private String detail = "";

    Lines(String title, long steps, PrintStream out) {
      this.title = title;
      this.steps = steps;
      this.out = out;
    }

    @Override
    public void update(long done, String detail) {
      this.done = done;
      this.detail = detail;
      long now = System.nanoTime();
      if (now - printed >= INTERVAL_NANOS) {
        printed = now;
        print();
      }
    }

    @Override
    public void plot(String plotTitle, List<Curve> curves) {
      // A console shows no pictures; the detail line carries the numbers.
    }

    @Override
    public void close() {
      if (System.nanoTime() - started >= INTERVAL_NANOS) {
        print();
      }
    }

    private void print() {
      double seconds = (System.nanoTime() - started) / 1e9;
      out.printf(
          Locale.ROOT,
          "%s: %s, %.0f s%s%n",
          title,
          steps == 0 ? done : done + "/" + steps,
          seconds,
          detail.isEmpty() ? "" : ", " + detail);
    }
  }
}
