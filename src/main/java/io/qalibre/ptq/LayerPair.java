package io.qalibre.ptq;

import io.qalibre.graph.LayerWeight;
import io.qalibre.graph.OperatorNode;
import java.util.Arrays;
import java.util.List;

/**
 * Two layers between which nothing lies that keeps channels from being scaled.
 *
 * @param first the layer whose output channels are divided by factors
 * @param second the layer whose input channels are multiplied by them
 * @param between the operators between, in order
 * @param bound what the channels are cut off at on the way, +∞ where they are not
 */
record LayerPair(LayerWeight first, LayerWeight second, List<OperatorNode> between, double bound) {
  LayerPair {
    between = List.copyOf(between);
  }

  /** How many of the second's input channels in a row belong to one output channel. */
  int times() {
    return second.inputs() / first.outputs();
  }

  /** Values of the first's output channels as values of the second's input channels. */
  double[] repeat(double[] values) {
    double[] repeated = new double[second.inputs()];
    Arrays.setAll(repeated, i -> values[i / times()]);
    return repeated;
  }

  /** Whether a Clip from 0 to a bound lies between. */
  boolean clipped() {
    return Double.isFinite(bound);
  }

  /** Whether a Relu or what is like it lies between. */
  boolean rectified() {
    return between.stream().anyMatch(n -> n.type().equals("Relu") || n.type().equals("PRelu"));
  }
}
