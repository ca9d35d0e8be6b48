package io.qalibre.ptq;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.BatchNormFolding;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.NormParameters;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A batch normalization and the layer that takes it.
 *
 * @param norm the normalization, in the simulation
 * @param layer the layer, in the simulation
 * @param result the two folded, as a float network of their own
 * @param factors what each output channel of the weight is multiplied by
 * @param scaled the weight on its new grids; null where it is not quantized to codes
 */
record NormFold(
    OperatorNode norm,
    LinearLayer layer,
    BatchNormFolding.Result result,
    List<Double> factors,
    @Nullable ScaledWeight scaled) {

  /**
   * Folds a normalization; nothing where the layer cannot take it.
   *
   * @throws QalibreException if a factor is NaN or infinite
   */
  static Optional<NormFold> of(Simulation simulation, OperatorNode norm, LinearLayer layer) {
    Graph pair = pair(simulation, norm, layer).orElse(null);
    if (pair == null) {
      return Optional.empty();
    }
    BatchNormFolding.Result result = BatchNormFolding.fold(pair);
    if (result.folded().isEmpty()) {
      return Optional.empty();
    }
    double[] factors = NormParameters.of(pair, pair.operators().get(1)).orElseThrow().factors(1);
    requireFinite(norm, factors);
    ScaledWeight scaled = null;
    if (layer.quantized()) {
      QuantizerNode quantizer = Objects.requireNonNull(layer.quantizer());
      scaled =
          ScaledWeight.of(
              pair.initializer(layer.weight()),
              simulation.encoding(quantizer.id()),
              result.graph().initializer(layer.weight()),
              factors,
              quantizer.spec());
    }
    return Optional.of(
        new NormFold(norm, layer, result, Arrays.stream(factors).boxed().toList(), scaled));
  }

  private static void requireFinite(OperatorNode norm, double[] factors) {
    for (int c = 0; c < factors.length; c++) {
      if (!Double.isFinite(factors[c])) {
        throw new QalibreException(
            "batch normalization `%s`: expected a finite γ/√(σ² + ε), found %s in channel %d"
                .formatted(norm.name(), factors[c], c));
      }
    }
  }

  /**
   * The layer and the normalization as a float network. Its constants are those that the simulation
   * computes with, but for the weight, which stays as it is learned.
   */
  private static Optional<Graph> pair(Simulation simulation, OperatorNode norm, LinearLayer layer) {
    Graph graph = simulation.graph();
    OperatorNode node = layer.node();
    if (node.hasInput(2) && !Constants.own(graph, node.input(2))) {
      return Optional.empty();
    }
    List<String> inputs = new ArrayList<>(List.of(node.input(0), layer.weight()));
    List<String> normalized = new ArrayList<>(List.of(node.output()));
    Map<String, Tensor> constants = new LinkedHashMap<>();
    constants.put(layer.weight(), graph.initializer(layer.weight()));
    List<String> read = new ArrayList<>(node.hasInput(2) ? List.of(node.input(2)) : List.of());
    read.addAll(norm.inputs().subList(1, norm.inputs().size()));
    for (int i = 0; i < read.size(); i++) {
      Tensor value = Constants.value(simulation, read.get(i)).orElse(null);
      if (value == null) {
        return Optional.empty();
      }
      // The same constant may be read through different quantizers.
      String name = Constants.source(graph, read.get(i));
      String own = i == 0 && node.hasInput(2) ? name : name + "/" + i;
      constants.put(own, value);
      (i == 0 && node.hasInput(2) ? inputs : normalized).add(own);
    }
    Map<String, TensorShape> shapes = ShapeInference.infer(graph);
    GraphBuilder pair = new GraphBuilder(graph.name()).info(graph.info());
    pair.input(info(shapes, node.input(0))).output(info(shapes, norm.output()));
    constants.forEach(pair::initializer);
    return Optional.of(
        pair.node(node.withInputs(inputs)).node(norm.withInputs(normalized)).build());
  }

  private static ValueInfo info(Map<String, TensorShape> shapes, String tensor) {
    return new ValueInfo(
        tensor, DataType.FLOAT, Objects.requireNonNull(shapes.get(tensor), tensor));
  }

  /** The layer as it is now, reading its constants themselves. */
  OperatorNode node() {
    return result.graph().operators().get(0);
  }

  /** The weight as it is now. */
  Tensor weight() {
    return scaled == null ? result.graph().initializer(layer.weight()) : scaled.weight();
  }

  /** The bias as it is now. */
  Tensor bias() {
    return result.graph().initializer(node().input(2));
  }

  /** What is told of it. */
  FoldedNorms.Norm row() {
    return new FoldedNorms.Norm(
        norm.name(), layer.name(), factors, scaled == null ? 0 : scaled.changed(), "");
  }
}
