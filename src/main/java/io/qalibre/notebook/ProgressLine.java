package io.qalibre.notebook;

import io.qalibre.view.TableHtml;
import java.util.Locale;
import java.util.StringJoiner;

/**
 * How far a task is.
 *
 * @param title what is being done
 * @param done steps done, 0 to {@code steps}
 * @param steps how many there are; 0 where that is not known
 * @param seconds how long it has run
 * @param detail a few words about the present state, or an empty string
 */
record ProgressLine(String title, long done, long steps, double seconds, String detail) {
  private static final int BAR = 20;

  /** The line with a bar that takes its colours from the page. */
  String html(boolean ended) {
    return "<div style=\"font-variant-numeric:tabular-nums;white-space:nowrap\"><b>"
        + TableHtml.escape(title)
        + "</b> <progress style=\"width:10em;vertical-align:middle\""
        + (steps == 0 ? "" : " value=\"" + shownDone() + "\" max=\"" + steps + "\"")
        + "></progress> "
        + TableHtml.escape(numbers(ended))
        + "</div>";
  }

  /** The line in characters. */
  String text(boolean ended) {
    if (steps == 0) {
      return title + " " + numbers(ended);
    }
    int full = (int) Math.round(BAR * fraction());
    return title + " " + "█".repeat(full) + "░".repeat(BAR - full) + " " + numbers(ended);
  }

  private String numbers(boolean ended) {
    StringJoiner parts = new StringJoiner(" · ");
    if (steps == 0) {
      parts.add(String.format(Locale.ROOT, "%,d", done));
    } else {
      parts.add(String.format(Locale.ROOT, "%,d/%,d", done, steps));
      parts.add(String.format(Locale.ROOT, "%.0f %%", Math.floor(100 * fraction())));
    }
    if (ended) {
      parts.add((done < steps ? "stopped after " : "") + time(seconds));
    } else {
      parts.add(time(seconds) + (done > 0 && steps > 0 ? ", " + time(left()) + " left" : ""));
    }
    if (!detail.isEmpty()) {
      parts.add(detail);
    }
    return parts.toString();
  }

  private double left() {
    return seconds * Math.max(0, steps - done) / done;
  }

  private double fraction() {
    return (double) shownDone() / steps;
  }

  private long shownDone() {
    return Math.max(0, Math.min(done, steps));
  }

  /** A time span: {@code 3.2 s}, {@code 1:07}, {@code 2:03:10}. */
  static String time(double seconds) {
    if (seconds < 59.95) {
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
    long whole = Math.round(seconds);
    return whole < 3600
        ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
        : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  }
}
