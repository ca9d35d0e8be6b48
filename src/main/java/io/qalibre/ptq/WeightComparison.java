package io.qalibre.ptq;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.op.OperatorCatalogue;
import io.qalibre.quant.Range;
import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Panels;
import io.qalibre.view.RangeSeries;
import io.qalibre.view.Tables;
import java.util.ArrayList;
import java.util.List;
import tech.tablesaw.api.Table;

/**
 * The ranges of weights, channel by channel, in two states of a network: where a layer's channels
 * differ much, one grid for all of them serves the small ones badly.
 *
 * @param layers a pair of states for each weight
 */
public record WeightComparison(List<Layer> layers) implements Charted {
  private static final int CHARTS = 6;

  /** Copies the list. */
  public WeightComparison {
    layers = List.copyOf(layers);
  }

  /**
   * One weight.
   *
   * @param weight the tensor's name
   * @param before the range of each output channel before
   * @param after the range of each output channel after
   */
  public record Layer(String weight, List<Range> before, List<Range> after) {
    /** Copies the lists. */
    public Layer {
      before = List.copyOf(before);
      after = List.copyOf(after);
    }

    /** The largest channel's absolute maximum over the smallest's; 1 is equal. */
    static double spread(List<Range> ranges) {
      double most = ranges.stream().mapToDouble(Range::absMax).max().orElse(0);
      double least = ranges.stream().mapToDouble(Range::absMax).filter(r -> r > 0).min().orElse(1);
      return most / least;
    }
  }

  /**
   * Compares two graphs with the same weights by name.
   *
   * @throws QalibreException if they have no weight in common, or one holds NaN or infinity
   */
  public static WeightComparison of(Graph before, Graph after) {
    List<Layer> layers = new ArrayList<>();
    for (LinearLayer layer : LinearLayer.of(after)) {
      String weight = layer.weight();
      if (inBoth(weight, before, after)) {
        int axis = OperatorCatalogue.weightAxis(layer.node());
        layers.add(
            new Layer(
                weight,
                Weights.ranges(weight, before.initializer(weight), axis),
                Weights.ranges(weight, after.initializer(weight), axis)));
      }
    }
    if (layers.isEmpty()) {
      throw new QalibreException(
          before.name() + " and " + after.name() + " have no weight of the same name");
    }
    return new WeightComparison(layers);
  }

  private static boolean inBoth(String weight, Graph before, Graph after) {
    Tensor other = before.initializers().get(weight);
    Tensor mine = after.initializers().get(weight);
    return other != null && mine != null && other.shape().equals(mine.shape());
  }

  /** A row a weight: its whole range, and how unequal its channels are, before and after. */
  @Override
  public Table table() {
    return Tables.of("Weight ranges", layers)
        .text("weight", Layer::weight)
        .integer("channels", l -> l.before().size())
        .number("abs max before", l -> whole(l.before()).absMax())
        .number("abs max after", l -> whole(l.after()).absMax())
        .number("largest/smallest channel before", l -> Layer.spread(l.before()))
        .number("largest/smallest channel after", l -> Layer.spread(l.after()))
        .build();
  }

  private static Range whole(List<Range> ranges) {
    return ranges.stream().reduce(Range::merge).orElseThrow();
  }

  /** The ranges of the six weights whose channels were the most unequal, before and after. */
  @Override
  public Panels chart() {
    List<Layer> chosen =
        layers.stream()
            .sorted((a, b) -> Double.compare(Layer.spread(b.before()), Layer.spread(a.before())))
            .limit(CHARTS)
            .toList();
    return Charts.grid(
        "Weight ranges by output channel",
        Math.min(2, chosen.size()),
        chosen.stream()
            .map(
                l ->
                    Charts.ranges(
                        l.weight(),
                        "channel",
                        "weight",
                        List.of(series("before", l.before()), series("after", l.after()))))
            .toList());
  }

  private static RangeSeries series(String name, List<Range> ranges) {
    return new RangeSeries(
        name,
        ranges.stream().mapToDouble(Range::min).toArray(),
        ranges.stream().mapToDouble(Range::max).toArray());
  }
}
