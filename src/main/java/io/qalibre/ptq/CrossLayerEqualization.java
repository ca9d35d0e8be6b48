package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.ptq.Equalization.Clips;
import io.qalibre.ptq.OutputRanges.Channels;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Makes the channels of neighbouring layers use their weights' ranges alike, without changing the
 * function: where only operators that commute with a positive factor lie between two layers (ReLU,
 * pooling), channel c of the first may be divided by s and the input channel c of the second
 * multiplied by it. With r₁, r₂ the largest absolute weights of channel c in both, s = r₁/√(r₁·r₂)
 * makes them equal. Pairs are equalized in turn until no factor changes any more, which makes the
 * channels of a chain of any length equal, depthwise layers in it included.
 *
 * <p>A ReLU6 commutes with the factor of a channel only where the channel stays below 6 before and
 * after; see {@link Equalization.Clips} for what is done there.
 *
 * <p>Source: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction,
 * 2019 (arXiv 1906.04721).
 */
public final class CrossLayerEqualization {
  private CrossLayerEqualization() {}

  /**
   * Equalizes all pairs of a graph whose batch normalizations are folded, in the default way. Where
   * a ReLU6 lies between two layers they stay as they are, since nothing is known of their outputs.
   *
   * @throws io.qalibre.errors.QalibreException if a weight holds NaN or infinity, naming it
   */
  public static EqualizedGraph equalize(Graph graph) {
    return equalize(graph, Equalization.DEFAULT, OutputRanges.NONE);
  }

  /**
   * Equalizes all pairs of a graph whose batch normalizations are folded.
   *
   * @param graph a float network
   * @param options how
   * @param ranges where the outputs of layers lie, as far as it is known
   * @throws io.qalibre.errors.QalibreException if a weight holds NaN or infinity, naming it
   */
  public static EqualizedGraph equalize(Graph graph, Equalization options, OutputRanges ranges) {
    boolean replaces = options.clips() == Clips.REPLACE_BY_RELU;
    Graph start = replaces ? ClipRewrites.toRelus(graph) : graph;
    return options.asAimet()
        ? onceAsAimet(start, options, ranges)
        : toConvergence(start, options, ranges);
  }

  private static EqualizedGraph onceAsAimet(
      Graph graph, Equalization options, OutputRanges ranges) {
    List<List<LayerPair>> sets = new AimetPairs(graph).find();
    FactorSearch search = new FactorSearch(sets.stream().flatMap(List::stream).toList());
    search.once(sets.stream().map(List::size).toList());
    return finish(new Found(graph, search.scaled(), List.of(), 1), options, ranges);
  }

  private static EqualizedGraph toConvergence(
      Graph graph, Equalization options, OutputRanges ranges) {
    List<LayerPair> open = new ArrayList<>();
    List<LayerPair> left = new ArrayList<>();
    for (LayerPair pair : new LayerPairs(graph).find()) {
      boolean stays = pair.clipped() && !passes(pair, options.clips(), ranges);
      (stays ? left : open).add(pair);
    }
    FactorSearch search = new FactorSearch(open);
    if (options.clips() == Clips.LIMIT_FACTORS) {
      search.limit(ranges);
    }
    int rounds = search.toConvergence();
    return finish(new Found(graph, search.scaled(), left, rounds), options, ranges);
  }

  private static boolean passes(LayerPair pair, Clips clips, OutputRanges ranges) {
    return switch (clips) {
      case LIMIT_FACTORS -> ranges.of(pair.first().layer().name()).isPresent();
      case BOUND_CHANNELS -> true;
      case REPLACE_BY_RELU, LEAVE -> false;
    };
  }

  /** What the search has found. */
  private record Found(Graph graph, List<ScaledPair> pairs, List<LayerPair> left, int rounds) {}

  private static EqualizedGraph finish(Found found, Equalization options, OutputRanges ranges) {
    Graph graph = FactorApplication.apply(found.graph, found.pairs);
    if (options.clips() == Clips.BOUND_CHANNELS) {
      graph = ClipRewrites.toChannelBounds(graph, found.pairs);
    }
    Map<String, double[]> absorbed = Map.of();
    if (options.absorbsHighBiases()) {
      HighBiasAbsorption.Result result =
          HighBiasAbsorption.absorb(
              graph, found.pairs, scaled(ranges, found.pairs), options.asAimet());
      graph = result.graph();
      absorbed = result.absorbed();
    }
    Map<String, double[]> lost = absorbed;
    return new EqualizedGraph(
        graph,
        found.graph,
        found.pairs.stream().map(p -> EqualizedGraph.Pair.of(p, lost.get(p.first()))).toList(),
        found.left.stream().map(p -> p.first().layer().name()).toList(),
        found.rounds);
  }

  /** Ranges as they are when each first layer's channels are divided by its factors. */
  private static OutputRanges scaled(OutputRanges ranges, List<ScaledPair> pairs) {
    Map<String, Channels> layers = new LinkedHashMap<>(ranges.layers());
    for (ScaledPair pair : pairs) {
      layers.computeIfPresent(
          pair.first(),
          (name, channels) ->
              new Channels(
                  divide(channels.mean(), pair.factors()),
                  divide(channels.low(), pair.factors()),
                  divide(channels.high(), pair.factors())));
    }
    return new OutputRanges(layers);
  }

  private static List<Double> divide(List<Double> values, double[] factors) {
    return IntStream.range(0, factors.length).mapToObj(c -> values.get(c) / factors[c]).toList();
  }
}
