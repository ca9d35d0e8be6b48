package io.qalibre.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What a program that observes returns beside its outputs. */
final class ObserverScript {
  /** Bins of a histogram; AIMET's number. */
  static final int BINS = 1536;

  private ObserverScript() {}

  /** Returns the outputs, and the minimum and maximum of each observed tensor in one tensor. */
  static String results(String outputs, List<String> observed) {
    String ranges =
        observed.stream()
            .map(v -> "torch.amin(" + v + "), torch.amax(" + v + ")")
            .collect(Collectors.joining(", "));
    return observed.isEmpty()
        ? "return [" + outputs + "]"
        : "return [" + outputs + ", torch.stack([" + ranges + "])]";
  }

  /** Returns the counts of each observed tensor between e[2i] and e[2i + 1]. */
  static String histograms(List<String> observed) {
    List<String> counts = new ArrayList<>();
    for (int i = 0; i < observed.size(); i++) {
      counts.add(
          "torch.histc(%s, %d, e[%d], e[%d])".formatted(observed.get(i), BINS, 2 * i, 2 * i + 1));
    }
    return observed.isEmpty()
        ? "return annotate(List[Tensor], [])"
        : "return [torch.stack([" + String.join(", ", counts) + "])]";
  }
}
