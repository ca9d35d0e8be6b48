package io.qalibre.ptq;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.BatchNormFolding;
import io.qalibre.graph.Graph;
import io.qalibre.graph.LayerWeight;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Folds the batch normalizations of a simulation into the layers before them and into the scales of
 * their weights, so that a network that was trained with live normalizations runs on targets that
 * have none. With k = γ/√(σ² + ε) the weights W′ = k·W lie on grids with the scales |k|·s, where
 * they have the codes they had, mirrored about zero where k is negative; the bias is b′ = β + k·(b
 * − μ). Encodings of activations stay, and so do names.
 *
 * <p>The most negative code of a symmetric grid has no mirror image. A channel of negative k that
 * has it gets a grid wide enough, 128/127 as wide with 8 bits, on which weights move by half a step
 * at most; or it keeps all codes but this one, which ends one step short: whichever is the smaller
 * change. A channel whose scale would be too small for AIMET's bound (k near zero) gets the
 * smallest scale.
 *
 * <p>What is folded is what the simulation computes with: parameters of a normalization, and
 * biases, that are quantized go in with their quantized values. The layer's output differs by the
 * rounding of float32 only, and where biases are rounded to integers by half a step of s_in·s_w′.
 *
 * <p>A normalization stays where its layer's output is quantized in front of it, since that
 * rounding would be lost, where the weight has one grid for all channels, which the factors would
 * tear apart, or blocks; where something else reads the tensor between; and where {@link
 * BatchNormFolding} finds no layer before it that can take it. Weights that are not quantized to
 * codes are multiplied only.
 *
 * <p>Source: Nagel et al., A White Paper on Neural Network Quantization, 2021 (arXiv 2106.08295),
 * on batch normalization folding in quantization-aware training: with a scale a channel, the
 * normalization can be absorbed into the scales.
 */
public final class FoldToScale {
  private static final String VERB = "foldBatchNorms";
  private static final int SHOWN = 3;
  private static final String UNFIT =
      "its parameters, or the layer's bias, are no constants of their own";

  private final Simulation simulation;
  private final Graph graph;
  private final Map<String, LinearLayer> layers = new LinkedHashMap<>();

  private FoldToScale(Simulation simulation) {
    this.simulation = simulation;
    graph = simulation.graph();
    LinearLayer.of(graph).forEach(layer -> layers.put(layer.node().output(), layer));
  }

  /**
   * Folds what can be folded.
   *
   * @param simulation a graph with an encoding for each enabled quantizer
   * @throws QalibreException if there is no batch normalization, or none can be folded, saying why
   */
  public static FoldedNorms fold(Simulation simulation) {
    return new FoldToScale(simulation).fold();
  }

  private FoldedNorms fold() {
    List<FoldedNorms.Norm> rows = new ArrayList<>();
    List<NormFold> folds = new ArrayList<>();
    for (OperatorNode norm : graph.operators()) {
      if (norm.type().equals(LiveNorm.TYPE)) {
        String obstacle = obstacle(norm);
        Optional<NormFold> fold = obstacle.isEmpty() ? fold(norm) : Optional.empty();
        fold.ifPresent(folds::add);
        rows.add(
            fold.map(NormFold::row)
                .orElse(FoldedNorms.Norm.left(norm.name(), obstacle.isEmpty() ? UNFIT : obstacle)));
      }
    }
    if (folds.isEmpty()) {
      throw new QalibreException(
          VERB
              + ": "
              + graph.name()
              + (rows.isEmpty()
                  ? " has no batch normalization to fold"
                  : " has no batch normalization that can be folded: " + reasons(rows)));
    }
    return new FoldedNorms(
        NormRemoval.apply(simulation, folds),
        rows,
        folds.stream().flatMap(fold -> fold.result().folded().stream()).toList());
  }

  private static String reasons(List<FoldedNorms.Norm> rows) {
    List<String> first =
        rows.stream().limit(SHOWN).map(n -> "`%s`: %s".formatted(n.name(), n.reason())).toList();
    int more = rows.size() - first.size();
    return String.join("; ", first) + (more > 0 ? "; and %d more".formatted(more) : "");
  }

  /** Why a normalization cannot be folded; empty where nothing is seen yet. */
  private String obstacle(OperatorNode norm) {
    String read = norm.input(0);
    String between = Constants.source(graph, read);
    if (LinearLayer.quantizer(graph, read).filter(QuantizerNode::enabled).isPresent()) {
      return "`%s` is quantized in front of it".formatted(between);
    }
    LinearLayer layer = layers.get(between);
    if (layer == null) {
      return "no convolution, and no product with a constant weight, writes `%s`"
          .formatted(between);
    }
    if (!graph.hasSingleConsumer(between) || !graph.hasSingleConsumer(read)) {
      return "something else reads `%s` as well".formatted(between);
    }
    if (!Constants.own(graph, layer.node().input(1))) {
      return "something else reads `%s` as well".formatted(layer.weight());
    }
    return layer.quantized() ? obstacle(layer) : "";
  }

  private String obstacle(LinearLayer layer) {
    LayerWeight weight = new LayerWeight(layer.node(), graph.initializer(layer.weight()));
    TensorEncoding encoding = encoding(layer);
    Granularity wanted = Granularity.ofAxis(weight.outputsFirst() ? 0 : 1);
    if (encoding.granularity().equals(wanted) && encoding.grids().size() == weight.outputs()) {
      return "";
    }
    return "`%s` has %s, not one grid for each output channel"
        .formatted(
            layer.weight(),
            encoding.perBlock()
                ? "blocks"
                : encoding.perChannel() ? "grids of other channels" : "a single grid");
  }

  private Optional<NormFold> fold(OperatorNode norm) {
    LinearLayer layer = layers.get(Constants.source(graph, norm.input(0)));
    return NormFold.of(simulation, norm, Objects.requireNonNull(layer));
  }

  private TensorEncoding encoding(LinearLayer layer) {
    return simulation.encoding(Objects.requireNonNull(layer.quantizer()).id());
  }
}
