package io.qalibre.engine;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.Optional;

/**
 * The activation function after a layer, through which its outputs are compared.
 *
 * @param code its number in {@link LayerScript}
 * @param low a clamp's lower bound
 * @param high a clamp's upper bound
 * @param slope a PReLU's slope for each channel, or for all
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody, made and read in this room only
record LayerActivation(int code, double low, double high, float[] slope) {
  private static final int CLAMP = 1;
  private static final int P_RELU = 2;
  private static final int TANH = 3;
  private static final int SIGMOID = 4;
  private static final int SOFTMAX = 5;
  private static final LayerActivation NONE = of(0);

  private static LayerActivation of(int code) {
    return new LayerActivation(code, 0, 0, new float[] {0});
  }

  /**
   * The function that alone reads a layer's output: Relu, Clip with constant bounds, PRelu with a
   * slope a channel, Tanh, Sigmoid, or Softmax over the channels.
   */
  static LayerActivation after(Graph graph, OperatorNode layer, int rank) {
    String output = layer.output();
    if (!graph.hasSingleConsumer(output)
        || !(graph.consumers(output).get(0) instanceof OperatorNode node)
        || !node.input(0).equals(output)) {
      return NONE;
    }
    boolean last = layer.type().equals("MatMul") || layer.type().equals("Gemm");
    return switch (node.type()) {
      case "Relu", "Clip" ->
          Clamp.of(graph, node)
              .map(c -> new LayerActivation(CLAMP, c.low(), c.high(), new float[] {0}))
              .orElse(NONE);
      case "PRelu" ->
          slope(graph, node, last ? 0 : rank - 2)
              .map(slope -> new LayerActivation(P_RELU, 0, 0, slope))
              .orElse(NONE);
      case "Tanh" -> of(TANH);
      case "Sigmoid" -> of(SIGMOID);
      case "Softmax" -> overChannels(graph, node, last ? rank - 1 : 1, rank) ? of(SOFTMAX) : NONE;
      default -> NONE;
    };
  }

  /** The slopes where they differ along the channels' axis only, behind which so many lie. */
  private static Optional<float[]> slope(Graph graph, OperatorNode node, int behind) {
    if (!graph.isInitializer(node.input(1))) {
      return Optional.empty();
    }
    Tensor slope = graph.initializer(node.input(1));
    long[] sizes = slope.sizes();
    int axis = sizes.length - 1 - behind;
    boolean channels = axis >= 0 && sizes[axis] == slope.size();
    return slope.size() == 1 || channels ? Optional.of(slope.floats()) : Optional.empty();
  }

  private static boolean overChannels(Graph graph, OperatorNode node, int axis, int rank) {
    boolean oneAxis = graph.info().opset() >= 13;
    long said = node.attributes().integer("axis", oneAxis ? -1 : 1);
    long found = said < 0 ? said + rank : said;
    return found == axis && (oneAxis || axis == rank - 1);
  }
}
