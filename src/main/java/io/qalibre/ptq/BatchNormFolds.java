package io.qalibre.ptq;

import io.qalibre.graph.BatchNormFolding;
import io.qalibre.graph.BatchNormFolding.Folded;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Line;
import io.qalibre.view.Panels;
import io.qalibre.view.Tables;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import tech.tablesaw.api.Table;

/**
 * What folding batch normalizations into layers did to a float network.
 *
 * @param folded those that are gone, in the order of folding
 * @param left the nodes of those that no layer could take
 */
public record BatchNormFolds(List<Folded> folded, List<String> left) implements Charted {
  /** Copies the lists. */
  public BatchNormFolds {
    folded = List.copyOf(folded);
    left = List.copyOf(left);
  }

  /** What came of folding a graph. */
  public static BatchNormFolds of(BatchNormFolding.Result result) {
    return new BatchNormFolds(result.folded(), left(result.graph()));
  }

  private static List<String> left(Graph graph) {
    return graph.operators().stream()
        .filter(node -> node.type().equals("BatchNormalization"))
        .map(OperatorNode::name)
        .toList();
  }

  private record Row(String norm, String layer, String direction, List<Float> deviations) {
    static Row of(Folded folded) {
      String direction = folded.direction().name().toLowerCase(Locale.ROOT);
      return new Row(folded.batchNorm(), folded.layer(), direction, folded.gamma());
    }

    double smallest() {
      return magnitudes().min().orElse(Double.NaN);
    }

    double largest() {
      return magnitudes().max().orElse(Double.NaN);
    }

    private DoubleStream magnitudes() {
      return deviations.stream().mapToDouble(Math::abs);
    }
  }

  /**
   * A row a batch normalization: the layer it went into, and the standard deviations of what its
   * channels gave; without a layer where it stays.
   */
  @Override
  public Table table() {
    List<Row> rows =
        Stream.concat(
                folded.stream().map(Row::of),
                left.stream().map(name -> new Row(name, "", "stays", List.of())))
            .toList();
    return Tables.of("Folded batch normalizations", rows)
        .text("batch norm", Row::norm)
        .text("layer", Row::layer)
        .text("direction", Row::direction)
        .integer("channels", r -> r.deviations.size())
        .number("smallest deviation", Row::smallest)
        .number("largest deviation", Row::largest)
        .build();
  }

  /**
   * The standard deviations of what each folded normalization gave, the smallest and the largest of
   * its channels: where they are far apart, so are the ranges of the layer's channels.
   */
  @Override
  public Panels chart() {
    return Charts.row(
        "Folded batch normalizations",
        List.of(
            Charts.lines(
                "",
                "batch normalization",
                "standard deviation of a channel's output",
                List.of(line("largest", Row::largest), line("smallest", Row::smallest)))));
  }

  private Line line(String name, ToDoubleFunction<Row> value) {
    return Line.byIndex(name, folded.stream().map(Row::of).mapToDouble(value).toArray());
  }

  /** In a few words: how many are folded, and how many stay. */
  public String summary() {
    String stay = left.isEmpty() ? "" : ", %d stay".formatted(left.size());
    return "%d batch normalizations folded%s".formatted(folded.size(), stay);
  }
}
