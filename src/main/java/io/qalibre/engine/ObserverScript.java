package io.qalibre.engine;

import java.util.ArrayList;
import java.util.List;

/** What a program that observes returns beside its outputs. */
final class ObserverScript {
  /** The methods that are called: what is counted in no order need not be brought into one. */
  static final String METHODS = LearnedScript.DENSE;

  private ObserverScript() {}

  /**
   * Returns the outputs, the observed tensors as they lie in memory, and the minimum and maximum of
   * each in one.
   */
  static List<String> results(String outputs, List<String> observed) {
    if (observed.isEmpty()) {
      return List.of("return [" + outputs + "]");
    }
    List<String> lines = new ArrayList<>();
    List<String> seen = new ArrayList<>();
    List<String> ranges = new ArrayList<>();
    for (int i = 0; i < observed.size(); i++) {
      lines.add("s%d = (self).grid_dense(%s, )".formatted(i, observed.get(i)));
      lines.add("l%d, h%d, = torch.aminmax(s%d)".formatted(i, i, i));
      seen.add("s" + i);
      ranges.add("l" + i);
      ranges.add("h" + i);
    }
    lines.add(
        "return [%s, %s, torch.stack([%s])]"
            .formatted(outputs, String.join(", ", seen), String.join(", ", ranges)));
    return lines;
  }
}
