package io.qalibre.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a batch normalization with constant statistics computes: y = k·x + (β − μ·k) with k = γ/√(σ²
 * + ε), channel by channel.
 *
 * <p>All in float32, as AIMET folds: a weight that differs in its last bit may fall on another
 * code, and the simulations would no longer be comparable.
 */
public final class NormParameters {
  private final float[] gamma;
  private final float[] beta;
  private final float[] mean;
  private final float[] factors;

  private NormParameters(float[] gamma, float[] beta, float[] mean, float[] factors) {
    this.gamma = gamma;
    this.beta = beta;
    this.mean = mean;
    this.factors = factors;
  }

  /** Those of a node, where its inputs are constants and it does not follow the batch. */
  public static Optional<NormParameters> of(Graph graph, OperatorNode norm) {
    boolean constant =
        norm.inputs().subList(1, 5).stream().allMatch(graph::isInitializer)
            && !norm.attributes().flag("training_mode", false);
    if (!constant) {
      return Optional.empty();
    }
    float[] gamma = graph.initializer(norm.input(1)).floats();
    float[] variance = graph.initializer(norm.input(4)).floats();
    float epsilon = norm.attributes().number("epsilon", 1e-5f);
    float[] factors = new float[gamma.length];
    for (int c = 0; c < factors.length; c++) {
      factors[c] = gamma[c] / (float) Math.sqrt(variance[c] + epsilon);
    }
    float[] beta = graph.initializer(norm.input(2)).floats();
    float[] mean = graph.initializer(norm.input(3)).floats();
    return Optional.of(new NormParameters(gamma, beta, mean, factors));
  }

  /** The number of channels. */
  int channels() {
    return gamma.length;
  }

  /**
   * k for each channel of a tensor that holds each of these channels several times in a row.
   *
   * @param times how often
   */
  public double[] factors(int times) {
    double[] repeated = new double[factors.length * times];
    for (int i = 0; i < repeated.length; i++) {
      repeated[i] = factors[i / times];
    }
    return repeated;
  }

  /** β − μ·k likewise. */
  double[] shifts(int times) {
    double[] repeated = new double[factors.length * times];
    for (int i = 0; i < repeated.length; i++) {
      int c = i / times;
      repeated[i] = beta[c] - mean[c] * factors[c];
    }
    return repeated;
  }

  /** What comes out where a channel is the same everywhere. */
  float normalize(int channel, float value) {
    return beta[channel] - (mean[channel] - value) * factors[channel];
  }

  /** A record of the folding into a layer. */
  BatchNormFolding.Folded folded(
      OperatorNode layer, OperatorNode norm, BatchNormFolding.Direction direction) {
    return new BatchNormFolding.Folded(
        layer.name(), norm.name(), direction, list(beta), list(gamma));
  }

  private static List<Float> list(float[] values) {
    List<Float> list = new ArrayList<>(values.length);
    for (float value : values) {
      list.add(value);
    }
    return list;
  }
}
