package io.qalibre.export;

import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;

/** Collects, batch by batch, how far the codes of a tensor agree in two executions. */
final class CodeComparison {
  private final Encoding grid;
  private long values;
  private long equal;
  private long largest;
  private double signal;
  private double noise;

  /**
   * Starts with nothing.
   *
   * @param grid the grid that the tensor's values lie on
   */
  CodeComparison(Encoding grid) {
    this.grid = grid;
  }

  /** Adds a batch: quantized values of the one execution, and as many of the other. */
  void add(Tensor expected, Tensor found) {
    float[] ones = expected.floats();
    float[] others = found.floats();
    for (int i = 0; i < ones.length; i++) {
      long difference = Math.abs(grid.quantize(others[i]) - grid.quantize(ones[i]));
      equal += difference == 0 ? 1 : 0;
      largest = Math.max(largest, difference);
      double distance = (double) others[i] - ones[i];
      signal += (double) ones[i] * ones[i];
      noise += distance * distance;
    }
    values += ones.length;
  }

  /** How many values there were. */
  long values() {
    return values;
  }

  /** How many of them had other codes. */
  long different() {
    return values - equal;
  }

  /** The largest difference of two codes. */
  long largest() {
    return largest;
  }

  /** What was found. */
  LayerVerification.Layer layer(String tensor, String operator) {
    return new LayerVerification.Layer(
        tensor, operator, 10 * Math.log10(signal / noise), 100.0 * equal / values, largest);
  }
}
