package io.qalibre.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongToDoubleFunction;

/**
 * A figure that was measured once for each seed.
 *
 * @param values a value a seed, at least two
 */
public record OverSeeds(List<Double> values) {
  private static final long[] SEEDS = {1, 2, 3};

  /** Copies the list. */
  public OverSeeds {
    values = List.copyOf(values);
  }

  /** Measures with three seeds. */
  public static OverSeeds of(LongToDoubleFunction figure) {
    List<Double> found = new ArrayList<>();
    for (long seed : SEEDS) {
      found.add(figure.applyAsDouble(seed));
    }
    return new OverSeeds(found);
  }

  /** The mean. */
  public double mean() {
    return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }

  /** The standard error of the mean, from what differs between the seeds. */
  public double standardError() {
    double mean = mean();
    double squares = values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
    return Math.sqrt(squares / (values.size() - 1) / values.size());
  }
}
