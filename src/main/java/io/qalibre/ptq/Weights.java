package io.qalibre.ptq;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Range;
import io.qalibre.quant.WeightRanges;
import java.util.List;

/** The ranges of named weights. */
final class Weights {
  private Weights() {}

  /**
   * The range of each channel along an axis.
   *
   * @throws QalibreException if a value is NaN or infinite, naming the weight
   */
  static List<Range> ranges(String name, Tensor weight, int axis) {
    try {
      return WeightRanges.of(weight.floats(), weight.sizes(), axis);
    } catch (IllegalArgumentException e) {
      throw new QalibreException("weight `" + name + "` has no range: " + e.getMessage(), e);
    }
  }
}
