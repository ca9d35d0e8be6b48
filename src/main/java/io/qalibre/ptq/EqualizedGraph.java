package io.qalibre.ptq;

import io.qalibre.graph.BatchNormFolding.Direction;
import io.qalibre.graph.BatchNormFolding.Folded;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.view.Charted;
import io.qalibre.view.Panels;
import io.qalibre.view.Tables;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import tech.tablesaw.api.Table;

/**
 * What equalization made of a graph.
 *
 * @param graph the equalized graph
 * @param before the graph it began with, its batch normalizations folded
 * @param pairs the pairs of layers, in order
 * @param left the layers that stayed as they are because a Clip lies between them and the next
 * @param rounds how often all pairs were gone through
 */
public record EqualizedGraph(
    Graph graph, Graph before, List<Pair> pairs, List<String> left, int rounds) implements Charted {
  private static final int SHOWN = 3;

  /** Copies the lists. */
  public EqualizedGraph {
    pairs = List.copyOf(pairs);
    left = List.copyOf(left);
  }

  /**
   * Two layers that were equalized.
   *
   * @param first the node whose output channels were divided
   * @param second the node whose input channels were multiplied
   * @param between the types of the operators between them
   * @param factors what each output channel of the first was divided by
   * @param absorbed what was then moved from each of them into the second's bias; empty where
   *     nothing was
   */
  public record Pair(
      String first,
      String second,
      List<String> between,
      List<Double> factors,
      List<Double> absorbed) {
    /** Copies the lists. */
    public Pair {
      between = List.copyOf(between);
      factors = List.copyOf(factors);
      absorbed = List.copyOf(absorbed);
    }

    static Pair of(ScaledPair scaled, double @Nullable [] absorbed) {
      return new Pair(
          scaled.first(),
          scaled.second(),
          scaled.pair().between().stream().map(OperatorNode::type).toList(),
          list(scaled.factors()),
          absorbed == null ? List.of() : list(absorbed));
    }

    private static List<Double> list(double[] values) {
      return DoubleStream.of(values).boxed().toList();
    }
  }

  /**
   * The statistics of folded batch normalizations as they are after equalization.
   *
   * @param norms those before
   */
  public List<Folded> statistics(List<Folded> norms) {
    Map<String, Pair> byFirst = new HashMap<>();
    pairs.forEach(pair -> byFirst.put(pair.first(), pair));
    List<Folded> changed = new ArrayList<>();
    for (Folded norm : norms) {
      Pair pair = norm.direction() == Direction.BACKWARD ? byFirst.get(norm.layer()) : null;
      changed.add(pair == null ? norm : scaled(norm, pair));
    }
    return changed;
  }

  private static Folded scaled(Folded norm, Pair pair) {
    List<Float> beta = new ArrayList<>();
    List<Float> gamma = new ArrayList<>();
    for (int c = 0; c < pair.factors().size(); c++) {
      double absorbed = pair.absorbed().isEmpty() ? 0 : pair.absorbed().get(c);
      beta.add((float) (norm.beta().get(c) / pair.factors().get(c) - absorbed));
      gamma.add((float) (norm.gamma().get(c) / pair.factors().get(c)));
    }
    return new Folded(norm.layer(), norm.batchNorm(), norm.direction(), beta, gamma);
  }

  /** The weights' ranges before and after. */
  public WeightComparison weightRanges() {
    return WeightComparison.of(before, graph);
  }

  /** A row a pair: what lies between, the smallest and the largest factor, channels absorbed. */
  @Override
  public Table table() {
    return Tables.of("Equalized layers", pairs)
        .text("first", Pair::first)
        .text("between", p -> String.join(", ", p.between()))
        .text("second", Pair::second)
        .integer("channels", p -> p.factors().size())
        .number("smallest factor", p -> Collections.min(p.factors()))
        .number("largest factor", p -> Collections.max(p.factors()))
        .integer("absorbed", p -> p.absorbed().stream().filter(a -> a != 0).count())
        .build();
  }

  /** The ranges of the six weights whose channels were the most unequal, before and after. */
  @Override
  public Panels chart() {
    return weightRanges().chart();
  }

  /** Such as {@code 2 pairs in 8 rounds: conv1→conv2, conv2→conv3}. */
  @Override
  public String toString() {
    String kept =
        left.isEmpty()
            ? ""
            : "; %d pairs with a Clip between stay as they are".formatted(left.size());
    if (pairs.isEmpty()) {
      return "no pair of layers to equalize" + kept;
    }
    String first =
        pairs.stream()
            .limit(SHOWN)
            .map(p -> p.first() + "→" + p.second())
            .collect(Collectors.joining(", "));
    int more = pairs.size() - SHOWN;
    return "%d pairs in %d rounds: %s%s%s"
        .formatted(pairs.size(), rounds, first, more > 0 ? " and " + more + " more" : "", kept);
  }
}
