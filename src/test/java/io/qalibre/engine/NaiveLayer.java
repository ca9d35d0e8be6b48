package io.qalibre.engine;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.List;

/**
 * Layers and their activation functions in double precision, one sum after the other, and Adam on
 * gradients by finite differences: what a {@link RoundingOptimizer} is compared with.
 */
final class NaiveLayer {
  private static final double DELTA = 1e-5;

  private final Graph graph;
  private final OperatorNode node;
  private final Tensor input;
  private final Tensor target;
  private final SoftRounding start;
  private int channels;

  /**
   * Describes a layer.
   *
   * @param input the samples
   * @param target what an activation function gives in the float network
   */
  NaiveLayer(Graph graph, OperatorNode node, Tensor input, Tensor target, SoftRounding start) {
    this.graph = graph;
    this.node = node;
    this.input = input;
    this.target = target;
    this.start = start;
  }

  /** The sigmoid's arguments after all iterations, each on all samples. */
  double[] optimized(Descent descent) {
    double[] alpha = new double[start.alpha().length];
    for (int i = 0; i < alpha.length; i++) {
      alpha[i] = start.alpha()[i];
    }
    double[] first = new double[alpha.length];
    double[] second = new double[alpha.length];
    for (int step = 1; step <= descent.iterations(); step++) {
      double[] gradient = gradient(alpha, descent, step - 1);
      for (int i = 0; i < alpha.length; i++) {
        first[i] = 0.9 * first[i] + 0.1 * gradient[i];
        second[i] = 0.999 * second[i] + 0.001 * gradient[i] * gradient[i];
        double mean = first[i] / (1 - Math.pow(0.9, step));
        double deviation = Math.sqrt(second[i] / (1 - Math.pow(0.999, step)));
        alpha[i] -= descent.learningRate() * mean / (deviation + 1e-8);
      }
    }
    return alpha;
  }

  private double[] gradient(double[] alpha, Descent descent, int iteration) {
    double[] gradient = new double[alpha.length];
    for (int i = 0; i < alpha.length; i++) {
      double at = alpha[i];
      alpha[i] = at + DELTA;
      double more = objective(alpha, descent, iteration);
      alpha[i] = at - DELTA;
      double less = objective(alpha, descent, iteration);
      alpha[i] = at;
      gradient[i] = (more - less) / (2 * DELTA);
    }
    return gradient;
  }

  private double objective(double[] alpha, Descent descent, int iteration) {
    double[] weight = new double[alpha.length];
    double penalty = 0;
    double beta = descent.beta(iteration);
    for (int i = 0; i < alpha.length; i++) {
      double h = Math.max(0, Math.min(1, 1.2 / (1 + Math.exp(-alpha[i])) - 0.1));
      weight[i] = start.base()[i] + start.step()[i] * h;
      penalty += beta == 0 ? 0 : 1 - Math.pow(Math.abs(2 * h - 1), beta);
    }
    return loss(weight) + descent.penalty().factor() * penalty;
  }

  /** The loss with other weights. */
  double loss(float[] weights) {
    double[] weight = new double[weights.length];
    for (int i = 0; i < weight.length; i++) {
      weight[i] = weights[i];
    }
    return loss(weight);
  }

  private double loss(double[] weight) {
    double[] y = activated(outputs(weight));
    float[] wanted = target.floats();
    double sum = 0;
    for (int i = 0; i < y.length; i++) {
      sum += (y[i] - wanted[i]) * (y[i] - wanted[i]);
    }
    return sum / (y.length / (double) channels);
  }

  private double[] outputs(double[] w) {
    return switch (node.type()) {
      case "Conv" -> convolution(w);
      case "ConvTranspose" -> transposed(w);
      default -> product(w);
    };
  }

  private double[] product(double[] w) {
    long[] sizes = graph.initializer(node.input(1)).sizes();
    boolean outputsFirst = node.attributes().flag("transB", false);
    channels = (int) sizes[outputsFirst ? 0 : 1];
    int inner = w.length / channels;
    float[] x = input.floats();
    double[] y = new double[x.length / inner * channels];
    for (int i = 0; i < y.length; i++) {
      int c = i % channels;
      double sum = 0;
      for (int k = 0; k < inner; k++) {
        sum += x[i / channels * inner + k] * w[outputsFirst ? c * inner + k : k * channels + c];
      }
      y[i] =
          node.attributes().number("alpha", 1) * sum
              + node.attributes().number("beta", 1) * bias(c);
    }
    return y;
  }

  private double bias(int channel) {
    return node.hasInput(2) ? graph.initializer(node.input(2)).floats()[channel] : 0;
  }

  private int number(String attribute, int index, long otherwise) {
    return node.attributes()
        .integers(attribute)
        .map(values -> values.get(index).intValue())
        .orElse((int) otherwise);
  }

  private double[] convolution(double[] w) {
    int[] x = ints(input);
    int[] k = ints(graph.initializer(node.input(1)));
    int[] t = ints(target);
    channels = k[0];
    int perGroup = k[0] / (int) node.attributes().integer("group", 1);
    float[] values = input.floats();
    double[] y = new double[target.size()];
    for (int i = 0; i < y.length; i++) {
      int column = i % t[3];
      int row = i / t[3] % t[2];
      int c = i / t[3] / t[2] % t[1];
      int sample = i / t[3] / t[2] / t[1];
      y[i] = bias(c);
      for (int j = 0; j < k[1] * k[2] * k[3]; j++) {
        int from = c / perGroup * k[1] + j / k[3] / k[2];
        int r = row * number("strides", 0, 1) + j / k[3] % k[2] - number("pads", 0, 0);
        int s = column * number("strides", 1, 1) + j % k[3] - number("pads", 1, 0);
        if (r >= 0 && r < x[2] && s >= 0 && s < x[3]) {
          y[i] +=
              w[c * k[1] * k[2] * k[3] + j]
                  * values[((sample * x[1] + from) * x[2] + r) * x[3] + s];
        }
      }
    }
    return y;
  }

  private double[] transposed(double[] w) {
    int[] x = ints(input);
    int[] k = ints(graph.initializer(node.input(1)));
    int[] t = ints(target);
    channels = k[1];
    float[] values = input.floats();
    double[] y = new double[target.size()];
    for (int i = 0; i < y.length; i++) {
      y[i] = bias(i / t[3] / t[2] % t[1]);
    }
    for (int i = 0; i < values.length; i++) {
      int column = i % x[3];
      int row = i / x[3] % x[2];
      int from = i / x[3] / x[2] % x[1];
      int sample = i / x[3] / x[2] / x[1];
      for (int j = 0; j < k[1] * k[2] * k[3]; j++) {
        int r = row * number("strides", 0, 1) + j / k[3] % k[2] - number("pads", 0, 0);
        int s = column * number("strides", 1, 1) + j % k[3] - number("pads", 1, 0);
        if (r >= 0 && r < t[2] && s >= 0 && s < t[3]) {
          int c = j / k[3] / k[2];
          y[((sample * t[1] + c) * t[2] + r) * t[3] + s] +=
              values[i] * w[from * k[1] * k[2] * k[3] + j];
        }
      }
    }
    return y;
  }

  private static int[] ints(Tensor tensor) {
    return java.util.Arrays.stream(tensor.sizes()).mapToInt(Math::toIntExact).toArray();
  }

  private double[] activated(double[] y) {
    List<OperatorNode> after =
        graph.operators().stream().filter(n -> n.input(0).equals(node.output())).toList();
    String type = after.isEmpty() ? "" : after.get(0).type();
    double[] a = y.clone();
    for (int i = 0; i < a.length; i++) {
      a[i] =
          switch (type) {
            case "Relu" -> Math.max(0, y[i]);
            case "Clip" -> Math.max(-0.5, Math.min(1.5, y[i]));
            case "PRelu" -> y[i] < 0 ? slope(after.get(0), i) * y[i] : y[i];
            case "Tanh" -> Math.tanh(y[i]);
            case "Sigmoid" -> 1 / (1 + Math.exp(-y[i]));
            case "Softmax" -> Math.exp(y[i]) / exponentials(y, i / channels * channels);
            default -> y[i];
          };
    }
    return a;
  }

  private double slope(OperatorNode prelu, int element) {
    int[] t = ints(target);
    return graph.initializer(prelu.input(1)).floats()[element / (t[2] * t[3]) % channels];
  }

  private double exponentials(double[] y, int from) {
    double sum = 0;
    for (int i = from; i < from + channels; i++) {
      sum += Math.exp(y[i]);
    }
    return sum;
  }
}
