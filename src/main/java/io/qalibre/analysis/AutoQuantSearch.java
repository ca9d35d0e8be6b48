package io.qalibre.analysis;

import io.qalibre.engine.Accuracy;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Tries ways to quantize in order of cost, measures each, and stops at the first that is good
 * enough. It counts as good enough when its loss with the loss's standard error added is within the
 * target, so that luck on the samples at hand does not decide.
 *
 * @param <T> what a way to quantize gives
 */
public final class AutoQuantSearch<T> {
  private final Accuracy floats;
  private final double points;
  private final Function<T, Accuracy> judge;
  private final List<AutoQuantReport.Trial> trials = new ArrayList<>();
  private @Nullable Best<T> best;

  /**
   * A way to quantize.
   *
   * @param name what it is, for the table
   * @param checks whether it only shows what can be reached: it is measured, and never chosen
   * @param make gives the network; it is handed the best so far, which the first way has none of
   */
  public record Way<T>(String name, boolean checks, Function<Optional<T>, T> make) {}

  /**
   * What was found.
   *
   * @param best the best of all that was tried
   * @param report what was tried
   */
  public record Found<T>(T best, AutoQuantReport report) {}

  private record Best<T>(T value, Accuracy accuracy, int place) {}

  private AutoQuantSearch(Accuracy floats, double points, Function<T, Accuracy> judge) {
    this.floats = floats;
    this.points = points;
    this.judge = judge;
  }

  /**
   * Searches. Interrupted, it gives the best so far; a later way that fails is noted and left out.
   *
   * @param floats the float network's accuracy
   * @param points how much may be lost, in points
   * @param ways the ways, in order of cost, one or more
   * @param judge measures one on the same samples
   * @throws QalibreException if the first way is not possible, or there is none
   * @throws InterruptedWorkException if the user asked to stop before the first was measured
   */
  public static <T> Found<T> search(
      Accuracy floats, double points, List<Way<T>> ways, Function<T, Accuracy> judge) {
    return new AutoQuantSearch<>(floats, points, judge).run(ways);
  }

  private Found<T> run(List<Way<T>> ways) {
    String why = "all has been tried, and the target was not reached";
    for (Way<T> way : ways) {
      long began = System.nanoTime();
      try {
        Accuracy accuracy = attempt(way, began);
        if (way.checks() && !AutoQuantReport.reached(floats, accuracy, points)) {
          why = "all has been tried; activations alone lose more than the target";
        }
      } catch (InterruptedWorkException e) {
        if (best == null) {
          throw e;
        }
        return found(best, "interrupted at `" + way.name() + "`");
      } catch (QalibreException e) {
        if (best == null) {
          throw e;
        }
        trials.add(
            new AutoQuantReport.Trial(
                way.name(), null, seconds(began), String.valueOf(e.getMessage())));
      }
      if (best != null && AutoQuantReport.reached(floats, best.accuracy, points)) {
        return found(best, "the target is reached");
      }
    }
    if (best == null) {
      throw new QalibreException("autoQuant: there is nothing to try");
    }
    return found(best, why);
  }

  private Accuracy attempt(Way<T> way, long began) {
    T made = way.make().apply(Optional.ofNullable(best).map(Best::value));
    Accuracy accuracy = judge.apply(made);
    int place = trials.size();
    trials.add(new AutoQuantReport.Trial(way.name(), accuracy, seconds(began), ""));
    if (!way.checks() && (best == null || accuracy.top1() > best.accuracy.top1())) {
      best = new Best<>(made, accuracy, place);
    }
    return accuracy;
  }

  private static double seconds(long began) {
    return (System.nanoTime() - began) / 1e9;
  }

  private Found<T> found(Best<T> chosen, String why) {
    return new Found<>(
        chosen.value, new AutoQuantReport(floats, points, trials, chosen.place, why));
  }
}
