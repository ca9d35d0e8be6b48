package io.qalibre;

import io.qalibre.view.Tables;
import java.util.ArrayList;
import java.util.List;
import tech.tablesaw.api.Table;

/**
 * Something that was done to a network.
 *
 * @param verb what was done, such as {@code foldBatchNorms}
 * @param result what came of it, in a few words
 */
public record Step(String verb, String result) {
  static List<Step> append(List<Step> steps, Step next) {
    List<Step> all = new ArrayList<>(steps);
    all.add(next);
    return List.copyOf(all);
  }

  static Table table(List<Step> steps) {
    return Tables.of("Steps", steps).text("verb", Step::verb).text("result", Step::result).build();
  }
}
