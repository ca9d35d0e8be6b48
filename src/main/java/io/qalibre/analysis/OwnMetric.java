package io.qalibre.analysis;

import io.qalibre.engine.Metric;

/** A metric of the user's own: see {@link Measure#of}. */
record OwnMetric(String label, Metric metric) implements Measure {
  @Override
  public String unit() {
    return "";
  }

  @Override
  public String harmLabel() {
    return label + ", how far it moves";
  }

  @Override
  public Sums sums(Batch batch) {
    double[] values = metric.score(batch.outputs(), batch.labels());
    return Sums.of("metric `" + label + "`", values, batch.samples());
  }

  @Override
  public double value(Sums total) {
    return total.ratio();
  }

  @Override
  public double harm(double value, double floats) {
    return Math.abs(value - floats);
  }
}
