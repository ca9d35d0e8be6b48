package io.qalibre.engine;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Tensor;
import java.util.List;
import java.util.Map;

/** Where a label stands among a classifier's answers. */
public final class Ranks {
  private Ranks() {}

  /**
   * The number of classes that are more likely than the label, for each sample; of equally likely
   * classes the one with the lower index counts as more likely.
   *
   * @param outputs one output of shape N×classes; of several the first counts
   * @param labels N class indices
   * @return N numbers, 0 where the classifier is right
   * @throws QalibreException if shapes do not go together, a label is no class, or an output is NaN
   */
  public static int[] of(Map<String, Tensor> outputs, List<Tensor> labels) {
    Tensor logits = outputs.values().iterator().next();
    if (labels.isEmpty()) {
      throw new QalibreException("accuracy needs labels, and the dataset has none");
    }
    if (logits.rank() != 2 || labels.get(0).size() != logits.sizes()[0]) {
      throw new QalibreException(
          "accuracy needs outputs N×classes and N labels, found "
              + logits.shape()
              + " and "
              + labels.get(0).shape());
    }
    float[] values = logits.floats();
    int classes = (int) logits.sizes()[1];
    int[] ranks = new int[(int) logits.sizes()[0]];
    for (int i = 0; i < ranks.length; i++) {
      ranks[i] = rank(values, i * classes, classes, label(labels.get(0), i, classes));
    }
    return ranks;
  }

  private static int label(Tensor labels, int sample, int classes) {
    long label =
        labels.type() == DataType.FLOAT
            ? (long) labels.floatView().get(sample)
            : labels.longs()[sample];
    if (label < 0 || label >= classes) {
      throw new QalibreException("label " + label + " is none of the " + classes + " classes");
    }
    return (int) label;
  }

  private static int rank(float[] values, int start, int classes, int label) {
    float own = values[start + label];
    int rank = 0;
    for (int c = 0; c < classes; c++) {
      float value = values[start + c];
      if (Float.isNaN(value)) {
        throw new QalibreException("the network's output is NaN for class " + c);
      }
      if (value > own || (value == own && c < label)) {
        rank++;
      }
    }
    return rank;
  }
}
