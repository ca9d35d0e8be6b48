package io.qalibre.export;

import io.qalibre.engine.Accuracy;
import io.qalibre.engine.Ranks;
import io.qalibre.engine.Score;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Collects, batch by batch, how far two networks' outputs agree. */
final class OutputComparison {
  private long samples;
  private long values;
  private long agreed;
  private boolean classifier = true;
  private double largest;
  private double sum;
  private double signal;
  private double noise;
  private final List<Integer> expectedRanks = new ArrayList<>();
  private final List<Integer> foundRanks = new ArrayList<>();

  /**
   * Adds a batch.
   *
   * @param expected the simulation's outputs
   * @param found the runtime's outputs, of the same names and shapes
   * @param labels the dataset's labels, which may be none
   */
  void add(Map<String, Tensor> expected, Map<String, Tensor> found, List<Tensor> labels) {
    expected.forEach((name, tensor) -> add(name, tensor, found.get(name)));
    Tensor first = expected.values().iterator().next();
    long batch = first.sizes()[0];
    samples += batch;
    classifier &= first.rank() == 2;
    if (!classifier) {
      return;
    }
    int classes = (int) first.sizes()[1];
    float[] one = first.floats();
    float[] other = found.values().iterator().next().floats();
    for (int i = 0; i < batch; i++) {
      agreed += top(one, i * classes, classes) == top(other, i * classes, classes) ? 1 : 0;
    }
    if (!labels.isEmpty() && labels.get(0).size() == batch) {
      collect(Ranks.of(expected, labels), expectedRanks);
      collect(Ranks.of(found, labels), foundRanks);
    }
  }

  /** How far the outputs of all batches agree. */
  Verification.Agreement agreement() {
    double top1 = classifier ? 100.0 * agreed / samples : Double.NaN;
    double sqnr = 10 * Math.log10(signal / noise);
    return new Verification.Agreement(samples, top1, largest, sum / values, sqnr);
  }

  /** Both accuracies, where every batch had labels. */
  Verification.@Nullable Accuracies accuracies() {
    return classifier && expectedRanks.size() == samples
        ? new Verification.Accuracies(accuracy(expectedRanks), accuracy(foundRanks))
        : null;
  }

  private void add(String name, Tensor expected, @Nullable Tensor found) {
    if (found == null || !found.shape().equals(expected.shape())) {
      throw new QalibreException(
          "output `%s`: expected %s as in the simulation, found %s in ONNX Runtime"
              .formatted(name, expected.shape(), found == null ? "none" : found.shape()));
    }
    float[] one = expected.floats();
    float[] other = found.floats();
    for (int i = 0; i < one.length; i++) {
      double difference = (double) other[i] - one[i];
      largest = Math.max(largest, Math.abs(difference));
      sum += Math.abs(difference);
      signal += (double) one[i] * one[i];
      noise += difference * difference;
    }
    values += one.length;
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

  private static void collect(int[] ranks, List<Integer> into) {
    for (int rank : ranks) {
      into.add(rank);
    }
  }

  private static Accuracy accuracy(List<Integer> ranks) {
    return new Accuracy(within(ranks, 1), within(ranks, 5));
  }

  private static Score within(List<Integer> ranks, int first) {
    return new Score(ranks.stream().mapToDouble(rank -> rank < first ? 1 : 0).toArray());
  }
}
