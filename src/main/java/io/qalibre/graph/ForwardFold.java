package io.qalibre.graph;

import io.qalibre.graph.BatchNormFolding.Direction;
import io.qalibre.graph.BatchNormFolding.Result;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Folds a batch normalization into the layer after it. */
final class ForwardFold {
  private ForwardFold() {}

  static Optional<Result> apply(Graph graph, OperatorNode norm, NormParameters parameters) {
    Optional<OperatorNode> reader = reader(graph, norm.output());
    boolean flat = reader.filter(r -> flattens(graph, r)).isPresent();
    return reader
        .flatMap(r -> flat ? reader(graph, r.output()) : Optional.of(r))
        .flatMap(layer -> LayerWeight.of(graph, layer))
        .filter(w -> flat ? !w.convolution() && fits(w, parameters) : takes(graph, w, parameters))
        .filter(w -> !w.layer().attributes().flag("transA", false))
        .flatMap(w -> LayerBias.of(graph, w).map(b -> fold(graph, norm, parameters, w, b)));
  }

  /** The only operator that reads a tensor, as its data. */
  private static Optional<OperatorNode> reader(Graph graph, String tensor) {
    return Optional.of(tensor)
        .filter(graph::hasSingleConsumer)
        .map(t -> graph.consumers(t).get(0))
        .filter(OperatorNode.class::isInstance)
        .map(OperatorNode.class::cast)
        .filter(r -> r.input(0).equals(tensor));
  }

  /** Whether a node lays each sample's channels, one after the other, in one row. */
  private static boolean flattens(Graph graph, OperatorNode node) {
    if (node.type().equals("Flatten")) {
      return node.attributes().integer("axis", 1) == 1;
    }
    if (!node.type().equals("Reshape")) {
      return false;
    }
    TensorShape one =
        Objects.requireNonNull(ShapeInference.infer(graph, 1).get(node.output()), node.output());
    return one.rank() == 2 && one.dim(0).size() == 1 && anyRows(graph, node.input(1));
  }

  /** Whether a shape leaves the number of rows open. */
  private static boolean anyRows(Graph graph, String shape) {
    return graph.isInitializer(shape) && graph.initializer(shape).longs()[0] <= 0;
  }

  private static boolean fits(LayerWeight weight, NormParameters parameters) {
    return weight.inputs() % parameters.channels() == 0;
  }

  /** Whether a layer reads the normalization's channels as they are, and nothing but them. */
  private static boolean takes(Graph graph, LayerWeight weight, NormParameters parameters) {
    OperatorNode layer = weight.layer();
    boolean matrix =
        !layer.type().equals("MatMul")
            || ShapeInference.facts(graph).shape(layer.input(0)).rank() == 2;
    return matrix && weight.takesConstants() && weight.inputs() == parameters.channels();
  }

  private static Result fold(
      Graph graph, OperatorNode norm, NormParameters p, LayerWeight weight, LayerBias bias) {
    int times = weight.inputs() / p.channels();
    float[] values = bias.values();
    double[] added = weight.products(p.shifts(times));
    for (int c = 0; c < values.length; c++) {
      values[c] = (float) (values[c] + added[c]);
    }
    LayerBias changed = bias.withValues(values);
    Graph folded =
        new LayerChange(weight, weight.scaleInputs(p.factors(times)), changed)
            .apply(graph, changed.node(), norm, Map.of(norm.output(), norm.input(0)));
    return new Result(folded, List.of(p.folded(weight.layer(), norm, Direction.FORWARD)));
  }
}
