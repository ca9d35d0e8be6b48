package io.qalibre.analysis;

import io.qalibre.engine.Accuracy;
import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Numbers;
import io.qalibre.view.Tables;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.HorizontalBarChart;
import tech.tablesaw.api.Table;

/**
 * What an automatic quantization tried, on the samples it chose on.
 *
 * @param floats the float network's accuracy
 * @param points how much top-1 might be lost, in points
 * @param trials what was tried, in order
 * @param chosen the place of the best trial
 * @param why why the search ended where it did
 */
public record AutoQuantReport(
    Accuracy floats, double points, List<Trial> trials, int chosen, String why) implements Charted {
  /** Copies the list. */
  public AutoQuantReport {
    trials = List.copyOf(trials);
  }

  /**
   * Something that was tried.
   *
   * @param name what it was
   * @param accuracy what came of it; null where it was not possible
   * @param seconds how long it took, measuring included
   * @param note why it was not possible, or an empty string
   */
  public record Trial(String name, @Nullable Accuracy accuracy, double seconds, String note) {
    double top1() {
      return accuracy == null ? Double.NaN : Numbers.hundredths(accuracy.top1());
    }

    double lost(Accuracy floats) {
      return accuracy == null ? Double.NaN : Numbers.hundredths(floats.top1() - accuracy.top1());
    }

    double error(Accuracy floats) {
      return accuracy == null
          ? Double.NaN
          : Numbers.hundredths(accuracy.pairedStandardError(floats));
    }
  }

  /** The best trial. */
  public Trial best() {
    return trials.get(chosen);
  }

  /** Whether the best trial's loss, with its standard error added, is within the target. */
  public boolean reached() {
    Accuracy accuracy = best().accuracy();
    return accuracy != null && reached(floats, accuracy, points);
  }

  static boolean reached(Accuracy floats, Accuracy accuracy, double points) {
    double lost = floats.top1() - accuracy.top1();
    return lost + accuracy.pairedStandardError(floats) <= points + 1e-9;
  }

  /** A row a trial, in order. */
  @Override
  public Table table() {
    Trial best = best();
    return Tables.of(
            "Quantizing within %s points of %s %% top-1 (%s samples): %s"
                .formatted(
                    Numbers.format(points),
                    Numbers.format(Numbers.hundredths(floats.top1())),
                    Numbers.count(floats.n()),
                    why),
            trials)
        .text("tried", Trial::name)
        .number("top-1 %", Trial::top1)
        .number("lost", trial -> trial.lost(floats))
        .number("± paired", trial -> trial.error(floats))
        .number("seconds", trial -> Math.round(10 * trial.seconds) / 10.0)
        .flag("chosen", best::equals)
        .text("note", Trial::note)
        .build();
  }

  /** The points of top-1 that each trial lost. */
  @Override
  public HorizontalBarChart chart() {
    List<Trial> measured = trials.stream().filter(trial -> trial.accuracy != null).toList();
    return Charts.bars(
        "Quantizing within " + Numbers.format(points) + " points",
        "top-1 lost, points",
        measured.stream().map(Trial::name).toList(),
        measured.stream().mapToDouble(trial -> trial.lost(floats)).toArray());
  }

  /** In a few words: what was chosen, and why. */
  public String summary() {
    return String.format(
        Locale.ROOT,
        "%s, %.2f points below float of %.2f allowed, after %d trials: %s",
        best().name,
        best().lost(floats),
        points,
        trials.size(),
        why);
  }

  @Override
  public String toString() {
    return "AutoQuant: " + summary();
  }
}
