package io.qalibre.notebook;

import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One place on the screen that is painted over and over, but not more often than readers and the
 * page can follow. What was held back last is painted by {@link #flush}.
 */
final class Display {
  /** Painting may take this part of the time between two pictures, so that work goes on. */
  private static final long SHARE = 5;

  private final String id = UUID.randomUUID().toString();
  private final Screen screen;
  private final Clock clock;
  private final long interval;
  private @Nullable Supplier<Picture> waiting;
  private boolean shown;
  private long next;

  /**
   * @param interval the least time between two pictures, in nanoseconds
   */
  Display(Screen screen, Clock clock, long interval) {
    this.screen = screen;
    this.clock = clock;
    this.interval = interval;
  }

  /** Paints now if it is time, and later otherwise; the first picture at once. */
  void paint(Supplier<Picture> picture) {
    waiting = picture;
    if (!shown || clock.nanos() - next >= 0) {
      flush();
    }
  }

  /** Paints what has not been painted yet, if anything. */
  void flush() {
    if (waiting == null) {
      return;
    }
    long begun = clock.nanos();
    Picture picture = waiting.get();
    waiting = null;
    if (shown) {
      screen.update(id, picture);
    } else {
      screen.show(id, picture);
      shown = true;
    }
    long ended = clock.nanos();
    next = begun + Math.max(interval, SHARE * (ended - begun));
  }
}
