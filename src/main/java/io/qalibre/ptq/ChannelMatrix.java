package io.qalibre.ptq;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.LayerWeight;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * The largest absolute value of a weight for each pair of its output and input channels, over the
 * taps between them: all that equalization needs to know of a weight, a ninth of one with 3×3 taps.
 */
final class ChannelMatrix {
  private final float[] values;
  private final int[] outputOf;
  private final int[] inputOf;
  private final int outputs;
  private final int inputs;

  /**
   * Reads a weight.
   *
   * @throws QalibreException if a value is NaN or infinite, naming the weight
   */
  ChannelMatrix(LayerWeight layer) {
    int pairs = (int) (layer.weight().sizes()[0] * layer.weight().sizes()[1]);
    outputs = layer.outputs();
    inputs = layer.inputs();
    values = new float[pairs];
    outputOf = new int[pairs];
    inputOf = new int[pairs];
    FloatBuffer weight = layer.weight().floatView();
    int[] next = {0};
    layer.forEachPair(
        (output, input, start, end) -> {
          int pair = next[0]++;
          outputOf[pair] = output;
          inputOf[pair] = input;
          values[pair] = largest(layer, weight, start, end);
        });
  }

  private static float largest(LayerWeight layer, FloatBuffer weight, int start, int end) {
    float largest = 0;
    for (int i = start; i < end; i++) {
      float value = weight.get(i);
      if (!Float.isFinite(value)) {
        throw new QalibreException(
            "weight `%s` has no range: value %d is %s"
                .formatted(layer.layer().input(1), i, value));
      }
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  /** The largest absolute value of each output channel. */
  double[] outputs() {
    return largest(outputOf, outputs);
  }

  /** The largest absolute value of each input channel. */
  double[] inputs() {
    return largest(inputOf, inputs);
  }

  private double[] largest(int[] channelOf, int channels) {
    float[] largest = new float[channels];
    for (int i = 0; i < values.length; i++) {
      int channel = channelOf[i];
      largest[channel] = Math.max(largest[channel], values[i]);
    }
    double[] wide = new double[channels];
    Arrays.setAll(wide, c -> largest[c]);
    return wide;
  }

  /** Divides each output channel by a factor. */
  void divideOutputs(double[] factors) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] / factors[outputOf[i]]);
    }
  }

  /** Multiplies each input channel by a factor. */
  void multiplyInputs(double[] factors) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * factors[inputOf[i]]);
    }
  }
}
