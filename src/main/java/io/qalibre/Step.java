package io.qalibre;

import io.qalibre.errors.QalibreException;
import io.qalibre.view.Tables;
import io.qalibre.view.Viewable;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tech.tablesaw.api.Table;

/**
 * Something that was done to a network.
 *
 * @param verb what was done, such as {@code foldBatchNorms}
 * @param result what came of it, in a few words
 * @param details what came of it in full, where there is more to say
 */
public record Step(String verb, String result, @Nullable Viewable details) {
  Step(String verb, String result) {
    this(verb, result, null);
  }

  /**
   * Whether weights were learned, so that the float network is no longer what they were made of.
   */
  boolean trains() {
    return verb.equals("train") || verb.equals("freeze");
  }

  /**
   * The details of the last step of a kind.
   *
   * @throws QalibreException if there was no such step, naming the verb
   */
  static <T extends Viewable> T details(List<Step> steps, String verb, Class<T> type) {
    return steps.stream()
        .filter(step -> step.verb.equals(verb))
        .map(Step::details)
        .filter(type::isInstance)
        .map(type::cast)
        .reduce((earlier, later) -> later)
        .orElseThrow(
            () ->
                new QalibreException(
                    "this network does not come from %s(…): its steps are %s"
                        .formatted(verb, steps.stream().map(Step::verb).toList())));
  }

  static List<Step> append(List<Step> steps, Step next) {
    List<Step> all = new ArrayList<>(steps);
    all.add(next);
    return List.copyOf(all);
  }

  static Table table(List<Step> steps) {
    return Tables.of("Steps", steps).text("verb", Step::verb).text("result", Step::result).build();
  }
}
