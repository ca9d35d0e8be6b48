package io.qalibre.analysis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The choices of precisions from the best to the cheapest: each step gives one group of layers
 * fewer bits, always the one that does least harm for the bit operations it saves. Harms are those
 * of groups that are quantized alone, and are taken to add up, as noise does.
 */
final class PrecisionPath {
  private final List<Map<PrecisionGroup, Precision>> choices = new ArrayList<>();

  /**
   * What a group loses at a precision.
   *
   * @param harm how much worse the answers are when it alone is quantized
   */
  record Option(PrecisionGroup group, Precision precision, double harm) {
    double cost() {
      return group.bitOperations(precision);
    }
  }

  private record Step(Option from, Option to) {
    double rate() {
      return (to.harm - from.harm) / (from.cost() - to.cost());
    }
  }

  /** Finds the path, from each group's options. */
  PrecisionPath(Map<PrecisionGroup, List<Option>> options) {
    Map<PrecisionGroup, Precision> choice = new LinkedHashMap<>();
    List<Step> steps = new ArrayList<>();
    options.forEach(
        (group, own) -> {
          List<Option> useful = hull(own);
          choice.put(group, useful.get(0).precision());
          for (int i = 0; i + 1 < useful.size(); i++) {
            steps.add(new Step(useful.get(i), useful.get(i + 1)));
          }
        });
    choices.add(Map.copyOf(choice));
    // Within a group rates rise from step to step, so that sorting keeps its steps in order.
    steps.sort(Comparator.comparingDouble(Step::rate));
    for (Step step : steps) {
      choice.put(step.to.group(), step.to.precision());
      choices.add(Map.copyOf(choice));
    }
  }

  /** The choices, the best first; a later one costs less. */
  List<Map<PrecisionGroup, Precision>> choices() {
    return choices;
  }

  /** The options that no other and no mixture of two others beats, the dearest first. */
  private static List<Option> hull(List<Option> options) {
    List<Option> sorted =
        options.stream()
            .sorted(
                Comparator.comparingDouble(Option::cost)
                    .reversed()
                    .thenComparingDouble(Option::harm))
            .toList();
    List<Option> hull = new ArrayList<>();
    for (Option option : sorted) {
      if (!hull.isEmpty() && hull.get(hull.size() - 1).cost() == option.cost()) {
        continue;
      }
      while (!hull.isEmpty() && hull.get(hull.size() - 1).harm() >= option.harm()) {
        hull.remove(hull.size() - 1);
      }
      while (hull.size() > 1 && bends(hull, option)) {
        hull.remove(hull.size() - 1);
      }
      hull.add(option);
    }
    return hull;
  }

  private static boolean bends(List<Option> hull, Option option) {
    Option last = hull.get(hull.size() - 1);
    Option before = hull.get(hull.size() - 2);
    return new Step(before, last).rate() >= new Step(last, option).rate();
  }
}
