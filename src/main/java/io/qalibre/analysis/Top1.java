package io.qalibre.analysis;

import io.qalibre.engine.Ranks;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Tensor;
import java.util.Arrays;

/** How often a classifier is right: see {@link Measure#TOP1}. */
record Top1() implements Measure {
  @Override
  public String label() {
    return "top-1";
  }

  @Override
  public String unit() {
    return "%";
  }

  @Override
  public String harmLabel() {
    return "top-1 lost, points";
  }

  /** Whether a batch is a classifier's, with labels. */
  static boolean fits(Batch batch) {
    Tensor logits = batch.reference().values().iterator().next();
    if (batch.labels().isEmpty() || logits.type() != DataType.FLOAT || logits.rank() != 2) {
      return false;
    }
    Tensor labels = batch.labels().get(0);
    return labels.size() == logits.sizes()[0]
        && (labels.type() == DataType.INT64 || labels.type() == DataType.INT32)
        && Arrays.stream(labels.longs()).allMatch(l -> l >= 0 && l < logits.sizes()[1]);
  }

  @Override
  public Sums sums(Batch batch) {
    int[] ranks = Ranks.of(batch.outputs(), batch.labels());
    return new Sums(Arrays.stream(ranks).filter(rank -> rank == 0).count(), ranks.length);
  }

  @Override
  public double value(Sums total) {
    return 100 * total.ratio();
  }

  @Override
  public double harm(double value, double floats) {
    return floats - value;
  }
}
