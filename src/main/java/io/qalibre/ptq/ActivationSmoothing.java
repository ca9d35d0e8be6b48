package io.qalibre.ptq;

import ai.djl.training.dataset.Dataset;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.LayerWeight;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.TensorFacts;
import io.qalibre.ptq.OutputRanges.Channels;
import io.qalibre.ptq.SmoothedGraph.Norm;
import io.qalibre.quant.Range;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Moves the outliers of activations into weights, where they do less harm: a few channels behind
 * the normalizations of transformers are many times as large as the others, and one grid for all of
 * them leaves the others a handful of codes. Where only layers with constant weights read a
 * normalization, channel j of its output is divided by
 *
 * <pre>s = max|X|^α / max|W|^(1 − α)</pre>
 *
 * <p>in the normalization's scale and shift, and input channel j of all those layers multiplied by
 * it; the maxima are over the samples and over the layers. The float function stays, up to the
 * rounding of floats. Transposes, reshapes and the like may lie between.
 *
 * <p>Source: Xiao et al., SmoothQuant: Accurate and Efficient Post-Training Quantization for Large
 * Language Models, 2022 (arXiv 2211.10438).
 */
public final class ActivationSmoothing {
  private static final String VERB = "smoothQuant";
  private static final int SHOWN = 3;

  private final Graph graph;
  private final TensorFacts facts;
  private final SmoothQuant options;

  private ActivationSmoothing(Graph graph, SmoothQuant options) {
    this.graph = graph;
    this.options = options;
    facts = ShapeInference.facts(graph);
  }

  /** A normalization, the layers that read it and the axis of its channels, or why it stays. */
  private record Found(
      Normalization norm, List<LayerWeight> layers, int axis, @Nullable String note) {}

  /**
   * Smooths all normalizations that can be.
   *
   * @param graph a float network
   * @param samples inputs as the network will see them; labels are not looked at
   * @param options how
   * @throws QalibreException if no normalization is read by nothing but layers with constant
   *     weights, there is no sample, one does not fit, or an activation or a weight is NaN or
   *     infinite
   */
  public static SmoothedGraph smooth(Graph graph, Dataset samples, SmoothQuant options) {
    return new ActivationSmoothing(graph, options).smooth(samples);
  }

  private SmoothedGraph smooth(Dataset samples) {
    List<Found> found = Normalization.of(graph).stream().map(this::find).toList();
    Map<String, Integer> axes = new LinkedHashMap<>();
    found.stream().filter(f -> f.note == null).forEach(f -> axes.put(f.norm.output(), f.axis));
    if (axes.isEmpty()) {
      throw nothingToSmooth(found);
    }
    Map<String, Channels> seen = ChannelObservation.observe(VERB, graph, axes, samples);
    List<SmoothedNorm> smoothed = new ArrayList<>();
    List<Norm> norms = new ArrayList<>();
    for (Found f : found) {
      if (f.note != null) {
        norms.add(Norm.left(f.norm, f.note));
        continue;
      }
      Channels channels = Optional.ofNullable(seen.get(f.norm.output())).orElseThrow();
      List<Range> ranges = ranges(f.norm, channels);
      double[] factors = factors(ranges, f.layers);
      smoothed.add(new SmoothedNorm(f.norm, f.layers, factors));
      norms.add(
          new Norm(
              f.norm.name(),
              f.layers.stream().map(l -> l.layer().name()).toList(),
              DoubleStream.of(factors).boxed().toList(),
              ranges,
              ""));
    }
    return new SmoothedGraph(SmoothingApplication.apply(graph, smoothed), norms, options.alpha());
  }

  private Found find(Normalization norm) {
    int rank = Optional.ofNullable(facts.shapes().get(norm.output())).orElseThrow().rank();
    OptionalInt axis = norm.channelAxis(graph, rank);
    if (axis.isEmpty()) {
      return new Found(norm, List.of(), 0, "it has no constant scale with a value a channel");
    }
    ChannelFlow.Readers readers = ChannelFlow.follow(graph, facts, norm.output(), axis.getAsInt());
    return new Found(norm, readers.layers(), axis.getAsInt(), readers.obstacle());
  }

  private QalibreException nothingToSmooth(List<Found> found) {
    String why =
        found.isEmpty()
            ? "it has no layer or RMS normalization"
            : found.stream()
                .limit(SHOWN)
                .map(f -> "`" + f.norm.name() + "` stays: " + f.note)
                .collect(Collectors.joining("; "));
    int more = found.size() - SHOWN;
    return new QalibreException(
        "%s: expected a normalization that nothing but layers with constant weights read in %s; %s%s"
            .formatted(VERB, graph.name(), why, more > 0 ? "; and " + more + " more" : ""));
  }

  private static List<Range> ranges(Normalization norm, Channels seen) {
    try {
      return IntStream.range(0, seen.low().size())
          .mapToObj(c -> new Range(seen.low().get(c), seen.high().get(c)))
          .toList();
    } catch (IllegalArgumentException e) {
      throw new QalibreException(
          "%s: the samples make NaN or infinity in `%s`, the output of `%s`"
              .formatted(VERB, norm.output(), norm.name()),
          e);
    }
  }

  private double[] factors(List<Range> activations, List<LayerWeight> layers) {
    double[] weights = new double[activations.size()];
    for (LayerWeight layer : layers) {
      double[] inputs = new ChannelMatrix(layer).inputs();
      Arrays.setAll(weights, c -> Math.max(weights[c], inputs[c]));
    }
    double alpha = options.alpha();
    double[] factors = new double[weights.length];
    Arrays.setAll(
        factors,
        c -> valid(Math.pow(activations.get(c).absMax(), alpha) / Math.pow(weights[c], 1 - alpha)));
    return factors;
  }

  /** A channel without values or without weights has nothing to move. */
  private static double valid(double factor) {
    return Double.isFinite(factor) && factor > 0 ? factor : 1;
  }
}
