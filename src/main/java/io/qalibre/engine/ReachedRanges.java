package io.qalibre.engine;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Ranges that end where an activation function in front of them does. A range that has learned to
 * reach beyond, a ReLU6's to 6.00002 say, wastes codes; and a runtime takes the activation function
 * for needless only where no code lies beyond its bounds, and computes in floats otherwise.
 */
final class ReachedRanges {
  private ReachedRanges() {}

  /** The simulation with such ranges cut; all others stay as they are. */
  static Simulation cut(Simulation simulation) {
    Map<String, TensorEncoding> encodings = new LinkedHashMap<>(simulation.encodings());
    for (QuantizerNode node : simulation.graph().quantizers()) {
      TensorEncoding encoding = encodings.get(node.id());
      if (encoding != null
          && node.enabled()
          && !node.parameter()
          && !node.spec().symmetry().symmetric()
          && encoding.grids().size() == 1) {
        encodings.put(node.id(), cut(node, encoding, clamp(simulation.graph(), node)));
      }
    }
    return new Simulation(simulation.graph(), encodings);
  }

  private static Clamp clamp(Graph graph, QuantizerNode node) {
    return graph.producer(node.input()).orElse(null) instanceof OperatorNode operator
        ? Clamp.of(graph, operator).orElse(Clamp.NONE)
        : Clamp.NONE;
  }

  /** In float32, in which ranges are trained: 6 is not beyond 6 because its steps were rounded. */
  private static TensorEncoding cut(QuantizerNode node, TensorEncoding encoding, Clamp clamp) {
    Encoding grid = encoding.first();
    float min = (float) grid.min();
    float max = (float) grid.max();
    float low = Math.min(0, (float) clamp.low());
    float high = Math.max(0, (float) clamp.high());
    if (min >= low && max <= high) {
      return encoding;
    }
    float[] first = {Math.max(min, low)};
    float[] last = {Math.min(max, high)};
    return LearnedRanges.ofEnds(node.spec(), first, last);
  }
}
