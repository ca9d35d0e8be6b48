package io.qalibre.spark;

import io.qalibre.quant.Histogram;
import io.qalibre.quant.Statistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The bins that partitions count in. Bins are those of the first batch that is not all zero, and
 * batches before that one are not counted: a quantizer whose first batch lies in a later partition
 * gets its bins there, and partitions after that one count in them.
 *
 * @param statistics for each quantizer what the first batches were like, without counts
 * @param fixedIn the partitions that fix bins themselves; no entry where the first batch did
 */
record CommonBins(Map<String, Statistics> statistics, Map<String, Integer> fixedIn) {
  /** Nothing is known: a single partition fixes all bins. */
  static final CommonBins NONE = new CommonBins(Map.of(), Map.of());

  /** Of what the first batch was like. */
  static CommonBins of(Map<String, Statistics> first) {
    Map<String, Statistics> empty = new LinkedHashMap<>();
    first.forEach((key, seen) -> empty.put(key, withoutCounts(seen)));
    return new CommonBins(empty, Map.of());
  }

  private static Statistics withoutCounts(Statistics seen) {
    Histogram counted = seen.histogram();
    return new Statistics(seen.range(), counted == null ? null : Histogram.empty(counted.grid()));
  }

  /** What a partition counts in. */
  Map<String, Statistics> of(int partition) {
    Map<String, Statistics> own = new LinkedHashMap<>();
    statistics.forEach(
        (key, seen) ->
            own.put(
                key,
                partition <= fixedIn.getOrDefault(key, -1)
                    ? new Statistics(seen.range(), null)
                    : seen));
    return own;
  }

  /** The same with the bins that partitions have fixed, where the first batch did not. */
  CommonBins with(List<? extends @Nullable Map<String, Statistics>> parts) {
    Map<String, Statistics> bins = new LinkedHashMap<>(statistics);
    Map<String, Integer> fixed = new TreeMap<>();
    for (int i = 0; i < parts.size(); i++) {
      Map<String, Statistics> part = parts.get(i);
      if (part != null) {
        int partition = i;
        part.forEach(
            (key, seen) -> {
              Statistics known = bins.get(key);
              if (known == null || known.histogram() == null) {
                bins.put(key, withoutCounts(seen));
                fixed.put(key, partition);
              }
            });
      }
    }
    return new CommonBins(bins, fixed);
  }

  /** Whether a partition has counted in these bins. */
  boolean fit(Map<String, Statistics> part) {
    return part.entrySet().stream()
        .allMatch(
            seen -> {
              Histogram own = seen.getValue().histogram();
              Statistics known = statistics.get(seen.getKey());
              Histogram common = known == null ? null : known.histogram();
              return own == null || (common != null && common.grid().equals(own.grid()));
            });
  }
}
