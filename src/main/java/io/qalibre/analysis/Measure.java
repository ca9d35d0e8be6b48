package io.qalibre.analysis;

import io.qalibre.engine.Metric;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import java.util.List;
import java.util.Map;

/** How the answers of a quantized network are judged. */
public sealed interface Measure permits Sqnr, Divergence, Top1, OwnMetric {
  /**
   * The signal-to-quantization-noise ratio of the outputs in dB: ten times the logarithm of what
   * the float network's outputs, squared and summed, are to the squared differences from them. It
   * needs no labels; all float outputs count.
   */
  Measure SQNR = new Sqnr();

  /**
   * The Kullback-Leibler divergence, in nats, of the class probabilities from the float network's,
   * the mean over samples. It needs no labels; of several outputs the first counts, whose last axis
   * is that of the classes.
   */
  Measure KL = new Divergence();

  /** The share of samples whose most likely class is their label, in percent. */
  Measure TOP1 = new Top1();

  /**
   * A metric of the user's own, the mean over samples. Layers are ordered by how far they move it,
   * up or down.
   *
   * @param name what tables call it
   * @param metric gives a number for each sample of a batch
   */
  static Measure of(String name, Metric metric) {
    return new OwnMetric(name, metric);
  }

  /**
   * What is looked at where nobody says: SQNR, and top-1 too where it can be told.
   *
   * @param labelled whether samples have labels and the network answers with classes
   */
  static List<Measure> usual(boolean labelled) {
    return labelled ? List.of(SQNR, TOP1) : List.of(SQNR);
  }

  /** What tables call it. */
  String label();

  /** What its numbers are, such as {@code dB}; an empty string where that is not known. */
  String unit();

  /** What {@link #harm} is. */
  String harmLabel();

  /** Two sums over a batch, from whose totals {@link #value} follows. */
  Sums sums(Batch batch);

  /** The result, from the sums over all batches. */
  double value(Sums total);

  /**
   * How bad a result is: 0 is as good as the float network, more is worse.
   *
   * @param value the result
   * @param floats the float network's result
   */
  double harm(double value, double floats);

  /**
   * The answers for a batch.
   *
   * @param reference the float network's outputs by name
   * @param outputs those of the network that is judged
   * @param labels the dataset's labels; empty where it has none
   */
  record Batch(Map<String, Tensor> reference, Map<String, Tensor> outputs, List<Tensor> labels) {
    long samples() {
      return outputs.values().iterator().next().sizes()[0];
    }
  }

  /**
   * Two sums.
   *
   * @param first such as the errors
   * @param second such as the number of samples
   */
  record Sums(double first, double second) {
    static final Sums NONE = new Sums(0, 0);

    Sums plus(Sums other) {
      return new Sums(first + other.first, second + other.second);
    }

    double ratio() {
      return first / second;
    }

    /** Of numbers for each sample. */
    static Sums of(String what, double[] values, long samples) {
      if (values.length != samples) {
        throw new QalibreException(
            "%s gave %d numbers for a batch of %d samples".formatted(what, values.length, samples));
      }
      double sum = 0;
      for (double value : values) {
        if (Double.isNaN(value)) {
          throw new QalibreException(what + " gave NaN");
        }
        sum += value;
      }
      return new Sums(sum, values.length);
    }
  }
}
