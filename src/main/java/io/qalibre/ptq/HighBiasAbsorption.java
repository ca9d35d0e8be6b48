package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.LayerBias;
import io.qalibre.graph.LayerWeight;
import io.qalibre.graph.OperatorNode;
import io.qalibre.ptq.OutputRanges.Channels;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Moves what a channel always has above zero out of its layer's bias and into the bias of the layer
 * after it: where x ≥ a everywhere, max(0, x) = max(0, x − a) + a, and the second layer adds W₂·a
 * to each of its outputs. Equalization makes such biases high, and with them the range of
 * activations.
 *
 * <p>The condition: it is known how low the channels get; nothing but a Relu, or a Clip whose bound
 * the channel does not reach, lies between; and the second layer has no padding, since padded zeros
 * have no a. AIMET heeds the first only.
 *
 * <p>Source: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction,
 * 2019 (arXiv 1906.04721), section 4.1.3.
 */
final class HighBiasAbsorption {
  private static final Set<String> SHIFTS = Set.of("Relu", "Clip", "Identity", "Dropout");

  private final OutputRanges ranges;
  private final boolean asAimet;
  private final Map<String, double[]> absorbed = new LinkedHashMap<>();
  private Graph graph;

  private HighBiasAbsorption(Graph graph, OutputRanges ranges, boolean asAimet) {
    this.graph = graph;
    this.ranges = ranges;
    this.asAimet = asAimet;
  }

  /**
   * A graph after absorption.
   *
   * @param graph the graph
   * @param absorbed what each output channel of a layer has lost, by the layer's name
   */
  record Result(Graph graph, Map<String, double[]> absorbed) {}

  /**
   * Absorbs.
   *
   * @param graph an equalized graph
   * @param pairs the pairs that were equalized, in order
   * @param ranges where the outputs of layers lie, as they are in this graph
   * @param asAimet whether under AIMET's condition only
   */
  static Result absorb(Graph graph, List<ScaledPair> pairs, OutputRanges ranges, boolean asAimet) {
    HighBiasAbsorption absorption = new HighBiasAbsorption(graph, ranges, asAimet);
    pairs.forEach(p -> absorption.absorb(p.pair()));
    return new Result(absorption.graph, absorption.absorbed);
  }

  private void absorb(LayerPair pair) {
    LayerWeight first = now(pair.first());
    LayerWeight second = now(pair.second());
    Optional<Channels> known = ranges.of(first.layer().name());
    Optional<LayerBias> from = LayerBias.of(graph, first);
    Optional<LayerBias> into = LayerBias.of(graph, second);
    boolean biases = first.layer().hasInput(2) && (!asAimet || second.layer().hasInput(2));
    if (known.isEmpty() || from.isEmpty() || into.isEmpty() || !biases || !allowed(pair)) {
      return;
    }
    double[] amounts = amounts(pair, known.get());
    if (Arrays.stream(amounts).allMatch(a -> a == 0)) {
      return;
    }
    add(from.get(), Arrays.stream(amounts).map(a -> -a).toArray());
    add(into.get(), second.products(pair.repeat(amounts)));
    absorbed.put(first.layer().name(), amounts);
  }

  /** A layer as it is in the graph by now. */
  private LayerWeight now(LayerWeight before) {
    OperatorNode node =
        graph.operators().stream()
            .filter(n -> n.name().equals(before.layer().name()))
            .findFirst()
            .orElseThrow();
    return LayerWeight.of(graph, node).orElseThrow();
  }

  private boolean allowed(LayerPair pair) {
    return asAimet
        || (pair.second().takesConstants()
            && pair.between().stream().allMatch(n -> SHIFTS.contains(n.type())));
  }

  private double[] amounts(LayerPair pair, Channels known) {
    double[] amounts = new double[known.low().size()];
    for (int c = 0; c < amounts.length; c++) {
      boolean cut = !asAimet && known.high().get(c) > pair.bound();
      double low = Math.max(0, known.low().get(c));
      amounts[c] = asAimet && !pair.rectified() ? known.mean().get(c) : cut ? 0 : low;
    }
    return amounts;
  }

  private void add(LayerBias bias, double[] amounts) {
    float[] values = bias.values();
    for (int c = 0; c < values.length; c++) {
      values[c] = (float) (values[c] + amounts[c]);
    }
    LayerBias changed = bias.withValues(values);
    OperatorNode node = changed.node();
    graph =
        graph.toBuilder()
            .initializer(changed.tensor(), changed.value())
            .nodes(
                graph.nodes().stream().map(n -> n.name().equals(node.name()) ? node : n).toList())
            .build();
  }
}
