package io.qalibre.testing;

import ai.djl.training.dataset.Dataset;
import io.qalibre.Evaluable;
import io.qalibre.engine.Score;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * What a classifier says of each sample.
 *
 * @param logits its output, N×classes
 * @param right 1 where the largest logit is that of the label, else 0
 */
public record Answers(Tensor logits, Score right) {

  /** A pass through labelled samples. */
  public static Answers of(Evaluable network, Dataset samples) {
    List<float[]> batches = new ArrayList<>();
    Score right =
        network.evaluate(
            samples,
            (outputs, labels) -> {
              Tensor logits = outputs.values().iterator().next();
              batches.add(logits.floats());
              int[] top = top(logits);
              long[] expected = labels.get(0).longs();
              double[] scores = new double[top.length];
              for (int i = 0; i < top.length; i++) {
                scores[i] = top[i] == expected[i] ? 1 : 0;
              }
              return scores;
            });
    return new Answers(joined(batches, right.n()), right);
  }

  /** The share of samples, in percent, of which both classifiers say the same class. */
  public double agreement(Answers other) {
    int[] own = top(logits);
    int[] others = top(other.logits);
    int same = 0;
    for (int i = 0; i < own.length; i++) {
      same += own[i] == others[i] ? 1 : 0;
    }
    return 100.0 * same / own.length;
  }

  private static int[] top(Tensor logits) {
    float[] values = logits.floats();
    int classes = (int) logits.sizes()[1];
    int[] top = new int[values.length / classes];
    for (int i = 0; i < values.length; i++) {
      int sample = i / classes;
      if (values[i] > values[sample * classes + top[sample]]) {
        top[sample] = i % classes;
      }
    }
    return top;
  }

  private static Tensor joined(List<float[]> batches, int samples) {
    int size = batches.stream().mapToInt(batch -> batch.length).sum();
    float[] all = new float[size];
    int done = 0;
    for (float[] batch : batches) {
      System.arraycopy(batch, 0, all, done, batch.length);
      done += batch.length;
    }
    return Tensor.of(all, samples, size / samples);
  }
}
