package io.qalibre.analysis;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Tensor;

/** The divergence of class probabilities: see {@link Measure#KL}. */
record Divergence() implements Measure {
  @Override
  public String label() {
    return "KL";
  }

  @Override
  public String unit() {
    return "nats";
  }

  @Override
  public String harmLabel() {
    return "KL, nats";
  }

  @Override
  public Sums sums(Batch batch) {
    Tensor expected = batch.reference().values().iterator().next();
    Tensor found = batch.outputs().values().iterator().next();
    if (expected.type() != DataType.FLOAT || expected.rank() < 2) {
      throw new QalibreException(
          "KL needs a first output of logits, N×classes, found %s %s"
              .formatted(expected.type(), expected.shape()));
    }
    int classes = (int) expected.sizes()[expected.rank() - 1];
    float[] p = expected.floats();
    float[] q = found.floats();
    double sum = 0;
    for (int from = 0; from < p.length; from += classes) {
      sum += divergence(p, q, from, classes);
    }
    if (Double.isNaN(sum)) {
      throw new QalibreException("an output holds NaN or infinity, of which there is no KL");
    }
    return new Sums(sum, p.length / classes);
  }

  /** Σ p·(ln p − ln q) of the two softmaxes of a row. */
  private static double divergence(float[] expected, float[] found, int from, int classes) {
    double p = logSum(expected, from, classes);
    double q = logSum(found, from, classes);
    double sum = 0;
    for (int i = from; i < from + classes; i++) {
      double logP = expected[i] - p;
      sum += Math.exp(logP) * (logP - (found[i] - q));
    }
    return sum;
  }

  private static double logSum(float[] logits, int from, int classes) {
    double most = Double.NEGATIVE_INFINITY;
    for (int i = from; i < from + classes; i++) {
      most = Math.max(most, logits[i]);
    }
    double sum = 0;
    for (int i = from; i < from + classes; i++) {
      sum += Math.exp(logits[i] - most);
    }
    return most + Math.log(sum);
  }

  @Override
  public double value(Sums total) {
    return total.ratio();
  }

  @Override
  public double harm(double value, double floats) {
    return value;
  }
}
