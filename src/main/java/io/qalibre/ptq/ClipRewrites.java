package io.qalibre.ptq;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.LayerWeight;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.UniqueNames;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/** Replaces Clips that begin at zero, so that channels behind them may be scaled. */
final class ClipRewrites {
  private ClipRewrites() {}

  /** The graph with a Relu for each Clip from zero that lies between two convolutions. */
  static Graph toRelus(Graph graph) {
    List<Node> nodes = new ArrayList<>();
    for (Node node : graph.nodes()) {
      boolean replaced =
          node instanceof OperatorNode operator
              && ClipBounds.fromZero(graph, operator).isPresent()
              && graph.producer(operator.input(0)).filter(ClipRewrites::convolves).isPresent()
              && graph.hasSingleConsumer(operator.output())
              && convolves(graph.consumers(operator.output()).get(0));
      nodes.add(replaced ? relu((OperatorNode) node) : node);
    }
    return graph.toBuilder().nodes(nodes).withoutUnusedInitializers().build();
  }

  private static boolean convolves(Node node) {
    return node instanceof OperatorNode operator
        && (operator.type().equals("Conv") || operator.type().equals("ConvTranspose"));
  }

  private static OperatorNode relu(OperatorNode clip) {
    return new OperatorNode(
        clip.name(), "Relu", List.of(clip.input(0)), clip.outputs(), Attributes.NONE);
  }

  /**
   * The graph with a Relu and a Min for each Clip between the layers of pairs: the bound of each
   * channel is divided by the channel's factor. The Min keeps the Clip's name and its output's.
   */
  static Graph toChannelBounds(Graph graph, List<ScaledPair> pairs) {
    Map<String, ScaledPair> pairOf = new HashMap<>();
    for (ScaledPair scaled : pairs) {
      scaled.pair().between().forEach(node -> pairOf.put(node.name(), scaled));
    }
    Set<String> taken = new HashSet<>(graph.initializers().keySet());
    graph.inputs().forEach(i -> taken.add(i.name()));
    graph.nodes().forEach(n -> taken.add(n.name()));
    graph.nodes().forEach(n -> taken.addAll(n.outputs()));
    UniqueNames names = new UniqueNames(taken);
    GraphBuilder builder = graph.toBuilder();
    List<Node> nodes = new ArrayList<>();
    for (Node node : graph.nodes()) {
      ScaledPair scaled = pairOf.get(node.name());
      OptionalDouble bound =
          scaled != null && node instanceof OperatorNode operator
              ? ClipBounds.fromZero(graph, operator)
              : OptionalDouble.empty();
      if (scaled == null || bound.isEmpty()) {
        nodes.add(node);
        continue;
      }
      OperatorNode clip = (OperatorNode) node;
      String rectified = names.get(clip.name() + "_relu");
      String bounds = names.get(clip.name() + ".bound");
      nodes.add(
          new OperatorNode(
              rectified, "Relu", List.of(clip.input(0)), List.of(rectified), Attributes.NONE));
      nodes.add(
          new OperatorNode(
              clip.name(), "Min", List.of(rectified, bounds), clip.outputs(), Attributes.NONE));
      builder.initializer(bounds, bounds(scaled, bound.getAsDouble()));
    }
    return builder.nodes(nodes).withoutUnusedInitializers().build();
  }

  private static Tensor bounds(ScaledPair scaled, double bound) {
    float[] values = new float[scaled.factors().length];
    for (int c = 0; c < values.length; c++) {
      values[c] = (float) (bound / scaled.factors()[c]);
    }
    LayerWeight first = scaled.pair().first();
    long[] shape = new long[first.convolution() ? first.weight().rank() - 1 : 1];
    java.util.Arrays.fill(shape, 1);
    shape[0] = values.length;
    return Tensor.of(values, shape);
  }
}
