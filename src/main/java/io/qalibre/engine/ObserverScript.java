package io.qalibre.engine;

import java.util.List;
import java.util.stream.Collectors;

/** What a program that observes returns beside its outputs. */
final class ObserverScript {
  private ObserverScript() {}

  /** Returns the outputs, the observed tensors, and the minimum and maximum of each in one. */
  static String results(String outputs, List<String> observed) {
    if (observed.isEmpty()) {
      return "return [" + outputs + "]";
    }
    String ranges =
        observed.stream()
            .map(v -> "torch.amin(" + v + "), torch.amax(" + v + ")")
            .collect(Collectors.joining(", "));
    return "return [%s, %s, torch.stack([%s])]"
        .formatted(outputs, String.join(", ", observed), ranges);
  }
}
