package io.qalibre.graph;

import io.qalibre.graph.BatchNormFolding.Direction;
import io.qalibre.graph.BatchNormFolding.Result;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Folds a batch normalization into the layer before it. */
final class BackwardFold {
  private BackwardFold() {}

  static Optional<Result> apply(Graph graph, OperatorNode norm, NormParameters parameters) {
    return graph
        .producer(norm.input(0))
        .filter(OperatorNode.class::isInstance)
        .flatMap(n -> LayerWeight.of(graph, (OperatorNode) n))
        .filter(w -> graph.hasSingleConsumer(norm.input(0)))
        .filter(w -> w.outputs() == parameters.channels() && channelsAlike(graph, w))
        .flatMap(w -> LayerBias.of(graph, w).map(b -> fold(graph, norm, parameters, w, b)));
  }

  /** Only the product of two matrices has its channels along axis 1, where they are normalized. */
  private static boolean channelsAlike(Graph graph, LayerWeight weight) {
    return !weight.layer().type().equals("MatMul")
        || ShapeInference.facts(graph).shape(weight.layer().output()).rank() == 2;
  }

  private static Result fold(
      Graph graph, OperatorNode norm, NormParameters p, LayerWeight weight, LayerBias bias) {
    float[] values = bias.values();
    for (int c = 0; c < values.length; c++) {
      values[c] = p.normalize(c, values[c]);
    }
    LayerBias changed = bias.withValues(values);
    // The layer's output keeps its name, unless the network gives out the normalization's.
    boolean output = graph.isOutput(norm.output());
    OperatorNode layer = weight.layer();
    OperatorNode node = output ? changed.node().withOutputs(norm.outputs()) : changed.node();
    Map<String, String> renamed = output ? Map.of() : Map.of(norm.output(), layer.output());
    Graph folded =
        new LayerChange(weight, weight.scaleOutputs(p.factors(1)), changed)
            .apply(graph, node, norm, renamed);
    return new Result(folded, List.of(p.folded(layer, norm, Direction.BACKWARD)));
  }
}
