package io.qalibre.analysis;

import java.util.ArrayList;
import java.util.List;

/**
 * What measures say of all variants of a network on one batch; batches add up.
 *
 * @param samples the number of samples of the batch
 * @param sums for each network the sums of each measure
 */
public record BatchSums(long samples, List<List<Measure.Sums>> sums) {
  /** Copies the lists. */
  public BatchSums {
    sums = sums.stream().map(List::copyOf).toList();
  }

  /** Both batches, this one first; floats are added in that order. */
  BatchSums plus(BatchSums next) {
    List<List<Measure.Sums>> both = new ArrayList<>();
    for (int network = 0; network < sums.size(); network++) {
      List<Measure.Sums> own = new ArrayList<>();
      for (int i = 0; i < sums.get(network).size(); i++) {
        own.add(sums.get(network).get(i).plus(next.sums.get(network).get(i)));
      }
      both.add(own);
    }
    return new BatchSums(samples + next.samples, both);
  }
}
