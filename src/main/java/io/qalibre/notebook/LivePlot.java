package io.qalibre.notebook;

import io.qalibre.progress.Curve;
import io.qalibre.view.Charts;
import io.qalibre.view.Line;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.knowm.xchart.internal.chartpart.IChart;

/** The picture of growing curves: a panel for each quantity, side by side. */
final class LivePlot {
  private static final int COLUMNS = 3;

  private LivePlot() {}

  static IChart chart(String title, List<Curve> curves) {
    Map<String, List<Line>> panels =
        curves.stream()
            .collect(
                Collectors.groupingBy(
                    Curve::axis,
                    LinkedHashMap::new,
                    Collectors.mapping(
                        c -> new Line(c.name(), c.x(), c.y()), Collectors.toList())));
    if (panels.size() < 2) {
      String axis = panels.keySet().stream().findFirst().orElse("");
      return Charts.lines(title, "step", axis, panels.getOrDefault(axis, List.of()));
    }
    List<? extends IChart> charts =
        panels.entrySet().stream()
            .map(p -> Charts.lines("", "step", p.getKey(), p.getValue()))
            .toList();
    return Charts.grid(title, Math.min(COLUMNS, charts.size()), charts);
  }
}
