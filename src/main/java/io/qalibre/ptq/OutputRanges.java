package io.qalibre.ptq;

import ai.djl.training.dataset.Dataset;
import io.qalibre.graph.BatchNormFolding.Direction;
import io.qalibre.graph.BatchNormFolding.Folded;
import io.qalibre.graph.Graph;
import io.qalibre.graph.LayerWeight;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where the outputs of layers lie, channel by channel, before any activation function.
 *
 * @param layers the ranges by the layer's node name
 */
public record OutputRanges(Map<String, Channels> layers) {
  /** Nothing is known. */
  public static final OutputRanges NONE = new OutputRanges(Map.of());

  /**
   * Deviations above the mean that a channel of a real network nearly never exceeds. Depthwise
   * convolutions have long tails: in EfficientNet-Lite0 a tenth of their channels go beyond 8 on
   * twenty pictures, which leaves 23 dB of the function where 8 is taken for the end; 16 leave 52.
   */
  private static final double HIGH_DEVIATIONS = 16;

  /** Deviations below the mean at which AIMET, after the paper, takes a channel to end. */
  private static final double LOW_DEVIATIONS = 3;

  /** How much larger than the largest value seen an unseen one may be. */
  private static final double MARGIN = 1.5;

  /** Copies the map. */
  public OutputRanges {
    layers = Map.copyOf(layers);
  }

  /**
   * The channels of a layer's output.
   *
   * @param mean the mean of each channel
   * @param low a value for each channel that it nearly never goes below
   * @param high a value for each channel that it nearly never exceeds
   */
  public record Channels(List<Double> mean, List<Double> low, List<Double> high) {
    /** Copies the lists. */
    public Channels {
      mean = List.copyOf(mean);
      low = List.copyOf(low);
      high = List.copyOf(high);
    }
  }

  /**
   * From the statistics of the batch normalizations that were folded into the layers before them:
   * three deviations below the mean to sixteen above it.
   */
  public static OutputRanges of(List<Folded> norms) {
    Map<String, Channels> layers = new LinkedHashMap<>();
    for (Folded norm : norms) {
      if (norm.direction() == Direction.BACKWARD) {
        layers.put(
            norm.layer(),
            new Channels(at(norm, 0), at(norm, -LOW_DEVIATIONS), at(norm, HIGH_DEVIATIONS)));
      }
    }
    return new OutputRanges(layers);
  }

  private static List<Double> at(Folded norm, double deviations) {
    List<Double> values = new ArrayList<>();
    for (int c = 0; c < norm.beta().size(); c++) {
      values.add(norm.beta().get(c) + deviations * Math.abs(norm.gamma().get(c)));
    }
    return values;
  }

  /**
   * From samples: the smallest value seen to one and a half times the largest, of each convolution.
   *
   * @param graph a float network
   * @param samples inputs as the network will see them; labels are not looked at
   * @throws io.qalibre.errors.QalibreException if there is no sample, or one does not fit
   */
  public static OutputRanges observe(Graph graph, Dataset samples) {
    List<LayerWeight> layers =
        graph.operators().stream()
            .flatMap(n -> LayerWeight.of(graph, n).stream())
            .filter(LayerWeight::convolution)
            .toList();
    Map<String, Integer> axes = new LinkedHashMap<>();
    layers.forEach(layer -> axes.put(layer.layer().output(), 1));
    Map<String, Channels> seen = ChannelObservation.observe("equalizeLayers", graph, axes, samples);
    Map<String, Channels> ranges = new LinkedHashMap<>();
    for (LayerWeight layer : layers) {
      Channels channels = Optional.ofNullable(seen.get(layer.layer().output())).orElseThrow();
      List<Double> high =
          channels.high().stream().map(h -> h + Math.abs(h) * (MARGIN - 1)).toList();
      ranges.put(layer.layer().name(), new Channels(channels.mean(), channels.low(), high));
    }
    return new OutputRanges(ranges);
  }

  /** The ranges of a layer's channels, where they are known. */
  Optional<Channels> of(String layer) {
    return Optional.ofNullable(layers.get(layer));
  }
}
