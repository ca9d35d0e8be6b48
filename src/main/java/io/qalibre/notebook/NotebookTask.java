package io.qalibre.notebook;

import io.qalibre.progress.Curve;
import io.qalibre.progress.Task;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A progress line below the cell, and below it a picture for each plot. */
final class NotebookTask implements Task {
  private static final long LINE_INTERVAL = 200_000_000L;
  private static final long PLOT_INTERVAL = 500_000_000L;

  private final String title;
  private final long steps;
  private final Screen screen;
  private final Clock clock;
  private final long started;
  private final Display line;
  private final Map<String, Display> plots = new LinkedHashMap<>();
  private long done;
  private String detail = "";
  private boolean closed;

  NotebookTask(String title, long steps, Screen screen, Clock clock) {
    this.title = title;
    this.steps = steps;
    this.screen = screen;
    this.clock = clock;
    this.started = clock.nanos();
    this.line = new Display(screen, clock, LINE_INTERVAL);
    paint(false);
  }

  @Override
  public synchronized void update(long done, String detail) {
    this.done = done;
    this.detail = detail;
    paint(false);
  }

  @Override
  public synchronized void plot(String plotTitle, List<Curve> curves) {
    List<Curve> now = List.copyOf(curves);
    plots
        .computeIfAbsent(plotTitle, t -> new Display(screen, clock, PLOT_INTERVAL))
        .paint(() -> Picture.of(LivePlot.chart(plotTitle, now)));
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      paint(true);
      line.flush();
      plots.values().forEach(Display::flush);
    }
  }

  private void paint(boolean ended) {
    if (ended && done >= steps) {
      // What is done needs no line: results follow, and a stored notebook stays the same.
      line.paint(() -> Picture.of("", ""));
      return;
    }
    ProgressLine state =
        new ProgressLine(title, done, steps, (clock.nanos() - started) / 1e9, detail);
    line.paint(() -> Picture.of(state.html(ended), state.text(ended)));
  }
}
