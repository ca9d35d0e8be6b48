package io.qalibre.ptq;

import io.qalibre.graph.BatchNormFolding.Folded;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.op.OperatorCatalogue;
import io.qalibre.quant.Granularity;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * By how much rounding a layer's weights moves the mean of its output, without samples: the errors
 * of the weights times the expected inputs, which follow from the batch normalization before the
 * layer. Zeros beyond the borders are not reckoned with.
 */
final class ExpectedShift {
  private final Simulation simulation;
  private final Graph graph;
  private final Graph floating;
  private final Map<String, Folded> folded = new LinkedHashMap<>();

  /**
   * Prepares to look at a simulation's layers.
   *
   * @param floating the float network, whose weights have the same names
   * @param folded the statistics of layers' outputs
   */
  ExpectedShift(Simulation simulation, Graph floating, List<Folded> folded) {
    this.simulation = simulation;
    this.floating = floating;
    graph = simulation.graph();
    folded.forEach(f -> this.folded.put(f.layer(), f));
  }

  /** The shift of each output channel; nothing where the mean of the input is not known. */
  Optional<double[]> of(LinearLayer layer) {
    boolean known =
        layer.quantized() && (layer.node().type().equals("Conv") || isPlainGemm(layer.node()));
    return known ? inputMeans(layer).map(means -> shift(layer, means)) : Optional.empty();
  }

  private static boolean isPlainGemm(OperatorNode node) {
    return node.type().equals("Gemm")
        && node.attributes().number("alpha", 1) == 1
        && !node.attributes().flag("transA", false);
  }

  /** The expected value of each channel of a layer's input. */
  private Optional<double[]> inputMeans(LinearLayer layer) {
    Optional<OperatorNode> before = graph.producingOperator(layer.node().input(0));
    ClippedNormal.Bounds bounds = ClippedNormal.Bounds.NONE;
    if (before.isPresent() && !folded.containsKey(before.get().name())) {
      Optional<ClippedNormal.Bounds> clip = ClippedNormal.bounds(graph, before.get());
      if (clip.isEmpty()) {
        return Optional.empty();
      }
      bounds = clip.get();
      before = graph.producingOperator(before.get().input(0));
    }
    ClippedNormal.Bounds within = bounds;
    return before
        .map(node -> folded.get(node.name()))
        .map(
            statistics -> {
              double[] means = new double[statistics.beta().size()];
              for (int c = 0; c < means.length; c++) {
                means[c] =
                    ClippedNormal.mean(
                        statistics.beta().get(c), Math.abs(statistics.gamma().get(c)), within);
              }
              return means;
            });
  }

  private double[] shift(LinearLayer layer, double[] means) {
    QuantizerNode quantizer = Objects.requireNonNull(layer.quantizer());
    long[] shape = graph.initializer(layer.weight()).sizes();
    float[] exact = floating.initializer(layer.weight()).floats();
    float[] rounded = simulation.rounded(quantizer).floats();
    int axis = OperatorCatalogue.weightAxis(layer.node());
    Granularity outputs = Granularity.ofAxis(axis);
    Granularity inputs = Granularity.ofAxis(1 - axis);
    int channels = outputs.count(shape);
    long groups = layer.node().attributes().integer("group", 1);
    double[] shift = new double[channels];
    for (int i = 0; i < exact.length; i++) {
      int output = outputs.grid(i, shape);
      int group = (int) (output * groups / channels);
      int input = group * inputs.count(shape) + inputs.grid(i, shape);
      shift[output] += ((double) rounded[i] - exact[i]) * means[input];
    }
    return shift;
  }
}
