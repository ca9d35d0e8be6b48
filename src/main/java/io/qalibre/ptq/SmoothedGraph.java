package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.quant.Range;
import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Panels;
import io.qalibre.view.RangeSeries;
import io.qalibre.view.Tables;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.IntStream;
import tech.tablesaw.api.Table;

/**
 * What smoothing made of a graph.
 *
 * @param graph the smoothed graph
 * @param norms the normalizations, in order of execution
 * @param alpha how much of the activations' ranges moved into weights, 0 to 1
 */
public record SmoothedGraph(Graph graph, List<Norm> norms, double alpha) implements Charted {
  private static final int CHARTS = 6;

  /** Copies the list. */
  public SmoothedGraph {
    norms = List.copyOf(norms);
  }

  /**
   * A normalization.
   *
   * @param name the node's name; of one that is written out in several that of the last
   * @param layers the nodes whose weights took the factors
   * @param factors what each channel of the output was divided by
   * @param before the range of each channel before, on the samples
   * @param note why the normalization stayed as it was, or an empty string
   */
  public record Norm(
      String name, List<String> layers, List<Double> factors, List<Range> before, String note) {
    /** Copies the lists. */
    public Norm {
      layers = List.copyOf(layers);
      factors = List.copyOf(factors);
      before = List.copyOf(before);
    }

    static Norm left(Normalization norm, String why) {
      return new Norm(norm.name(), List.of(), List.of(), List.of(), why);
    }

    /** Whether its channels were divided by factors. */
    public boolean smoothed() {
      return note.isEmpty();
    }

    /** The range of each channel after. */
    public List<Range> after() {
      return IntStream.range(0, factors.size())
          .mapToObj(
              c ->
                  new Range(
                      before.get(c).min() / factors.get(c), before.get(c).max() / factors.get(c)))
          .toList();
    }

    /** The largest absolute value of all channels; NaN of none. */
    private static double largest(List<Range> channels) {
      return channels.stream().mapToDouble(Range::absMax).max().orElse(Double.NaN);
    }

    /**
     * The same over the median of the absolute maxima of the channels that have values; 1 is equal,
     * NaN of none.
     */
    private static double spread(List<Range> channels) {
      double[] sorted =
          channels.stream().mapToDouble(Range::absMax).filter(m -> m > 0).sorted().toArray();
      return sorted.length == 0 ? Double.NaN : largest(channels) / sorted[sorted.length / 2];
    }
  }

  private List<Norm> smoothed() {
    return norms.stream().filter(Norm::smoothed).toList();
  }

  /** A row a normalization: its output before and after, and why it stayed where it did. */
  @Override
  public Table table() {
    return Tables.of("Smoothed normalizations", norms)
        .text("normalization", Norm::name)
        .text("layers", n -> String.join(", ", n.layers))
        .integer("channels", n -> n.factors.size())
        .number("abs max before", n -> Norm.largest(n.before))
        .number("abs max after", n -> Norm.largest(n.after()))
        .number("largest/median channel before", n -> Norm.spread(n.before))
        .number("largest/median channel after", n -> Norm.spread(n.after()))
        .text("note", Norm::note)
        .build();
  }

  /**
   * The outputs of the six normalizations whose channels were the most unequal: what of the whole
   * tensor's range each channel takes, before and after.
   */
  @Override
  public Panels chart() {
    List<Norm> chosen =
        smoothed().stream()
            .sorted(Comparator.comparingDouble((Norm n) -> Norm.spread(n.before)).reversed())
            .limit(CHARTS)
            .toList();
    return Charts.grid(
        "Activations by channel",
        Math.min(2, chosen.size()),
        chosen.stream()
            .map(
                n ->
                    Charts.ranges(
                        n.name,
                        "channel",
                        "share of the largest value",
                        List.of(series("before", n.before), series("after", n.after()))))
            .toList());
  }

  private static RangeSeries series(String name, List<Range> ranges) {
    double largest = Norm.largest(ranges);
    double whole = largest > 0 ? largest : 1;
    return new RangeSeries(
        name,
        ranges.stream().mapToDouble(r -> r.min() / whole).toArray(),
        ranges.stream().mapToDouble(r -> r.max() / whole).toArray());
  }

  /**
   * Such as {@code 25 of 25 normalizations, alpha 0.5; the largest channel from 30.1 to 4.6 times
   * the median}, both on average.
   */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%d of %d normalizations, alpha %s; the largest channel from %.1f to %.1f times the median",
        smoothed().size(),
        norms.size(),
        alpha,
        average(Norm::before),
        average(Norm::after));
  }

  private double average(Function<Norm, List<Range>> channels) {
    return smoothed().stream()
        .mapToDouble(n -> Norm.spread(channels.apply(n)))
        .average()
        .orElse(Double.NaN);
  }
}
