package io.qalibre.export;

import io.qalibre.engine.Accuracy;
import io.qalibre.engine.Ranks;
import io.qalibre.engine.Score;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Collects, batch by batch, how well a network's outputs classify. */
final class Classifications {
  private final List<Integer> ranks = new ArrayList<>();
  private boolean complete = true;

  /**
   * Adds a batch.
   *
   * @param outputs the network's outputs; of several the first counts
   * @param labels the dataset's labels, which may be none
   */
  void add(Map<String, Tensor> outputs, List<Tensor> labels) {
    Tensor first = outputs.values().iterator().next();
    complete &= first.rank() == 2 && !labels.isEmpty() && labels.get(0).size() == first.sizes()[0];
    if (complete) {
      for (int rank : Ranks.of(outputs, labels)) {
        ranks.add(rank);
      }
    }
  }

  /** Whether the outputs are N×classes and every batch had labels. */
  boolean complete() {
    return complete;
  }

  /** The accuracy on all batches. */
  Accuracy accuracy() {
    return new Accuracy(within(1), within(5));
  }

  private Score within(int first) {
    return new Score(ranks.stream().mapToDouble(rank -> rank < first ? 1 : 0).toArray());
  }
}
