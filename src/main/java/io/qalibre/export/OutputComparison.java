package io.qalibre.export;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Collects, batch by batch, how far two executions' outputs agree. */
final class OutputComparison {
  private final String one;
  private final String other;
  private long samples;
  private long values;
  private long agreed;
  private boolean classifier = true;
  private double largest;
  private double sum;
  private double signal;
  private double noise;

  /**
   * Starts with nothing.
   *
   * @param one what the outputs that are compared with come from, for errors
   * @param other what the outputs that are compared come from
   */
  OutputComparison(String one, String other) {
    this.one = one;
    this.other = other;
  }

  /**
   * Adds a batch.
   *
   * @param expected outputs of the one
   * @param found outputs of the other, of the same names and shapes
   */
  void add(Map<String, Tensor> expected, Map<String, Tensor> found) {
    expected.forEach((name, tensor) -> add(name, tensor, found.get(name)));
    Tensor first = expected.values().iterator().next();
    long batch = first.sizes()[0];
    samples += batch;
    classifier &= first.rank() == 2;
    if (!classifier) {
      return;
    }
    int classes = (int) first.sizes()[1];
    float[] ones = first.floats();
    float[] others = found.values().iterator().next().floats();
    for (int i = 0; i < batch; i++) {
      agreed += top(ones, i * classes, classes) == top(others, i * classes, classes) ? 1 : 0;
    }
  }

  /** How far the outputs of all batches agree. */
  Verification.Agreement agreement() {
    double top1 = classifier ? 100.0 * agreed / samples : Double.NaN;
    double sqnr = 10 * Math.log10(signal / noise);
    return new Verification.Agreement(samples, top1, largest, sum / values, sqnr);
  }

  private void add(String name, Tensor expected, @Nullable Tensor found) {
    if (found == null || !found.shape().equals(expected.shape())) {
      throw new QalibreException(
          "output `%s`: expected %s as in %s, found %s in %s"
              .formatted(
                  name, expected.shape(), one, found == null ? "none" : found.shape(), other));
    }
    float[] ones = expected.floats();
    float[] others = found.floats();
    for (int i = 0; i < ones.length; i++) {
      double difference = (double) others[i] - ones[i];
      largest = Math.max(largest, Math.abs(difference));
      sum += Math.abs(difference);
      signal += (double) ones[i] * ones[i];
      noise += difference * difference;
    }
    values += ones.length;
  }

  /** The first of the largest values' positions. */
  private static int top(float[] values, int start, int count) {
    int top = 0;
    for (int i = 1; i < count; i++) {
      if (values[start + i] > values[start + top]) {
        top = i;
      }
    }
    return top;
  }
}
