package io.qalibre.ptq;

import io.qalibre.graph.TensorShape;
import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Tables;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.HorizontalBarChart;
import tech.tablesaw.api.Table;

/**
 * What AdaRound did.
 *
 * @param layers a row a layer, in the order of the graph
 * @param of how many layers there were to do
 */
public record RoundingReport(List<Layer> layers, int of) implements Charted {
  /** Copies the list. */
  public RoundingReport {
    layers = List.copyOf(layers);
  }

  /**
   * A layer.
   *
   * @param node the node's name
   * @param weight the weight's name
   * @param shape the weight's shape
   * @param gain what came of it
   * @param note why the layer stayed as it was, or an empty string
   */
  public record Layer(String node, String weight, TensorShape shape, Gain gain, String note) {}

  /**
   * What a layer's optimization brought.
   *
   * @param before the loss with the nearest codes: the squared error of the layer's outputs, summed
   *     along channels, averaged over samples and places; NaN where there was none
   * @param after the loss with the codes chosen
   * @param changed the percentage of codes that are not the nearest ones
   * @param seconds how long it took
   */
  public record Gain(double before, double after, double changed, double seconds) {
    static final Gain NONE = new Gain(Double.NaN, Double.NaN, 0, 0);
  }

  /** Whether the user stopped the work before its end. */
  public boolean interrupted() {
    return layers.size() < of;
  }

  /** In a few words: how many layers, and what is left of the loss. */
  public String summary() {
    double left =
        layers.stream()
            .filter(l -> l.gain.before > 0)
            .mapToDouble(l -> l.gain.after / l.gain.before)
            .average()
            .orElse(1);
    long done = layers.stream().filter(l -> l.note.isEmpty()).count();
    return String.format(
        Locale.ROOT,
        "%d of %d layers, on average %.0f %% of the loss left%s",
        done,
        of,
        100 * left,
        interrupted() ? ", interrupted" : "");
  }

  /** A row a layer. */
  @Override
  public Table table() {
    return Tables.of("AdaRound" + (interrupted() ? " (interrupted)" : ""), layers)
        .text("layer", Layer::node)
        .text("weight", Layer::weight)
        .text("shape", l -> l.shape.toString())
        .number("loss before", l -> l.gain.before)
        .number("loss after", l -> l.gain.after)
        .number("codes changed %", l -> l.gain.changed)
        .number("seconds", l -> l.gain.seconds)
        .text("note", Layer::note)
        .build();
  }

  /**
   * What is left of each layer's loss, in percent.
   *
   * @throws io.qalibre.errors.QalibreException if no layer was done
   */
  @Override
  public HorizontalBarChart chart() {
    List<Layer> done = layers.stream().filter(l -> l.gain.before > 0).toList();
    return Charts.bars(
        "AdaRound",
        "loss left, % of nearest rounding",
        done.stream().map(Layer::node).toList(),
        done.stream().mapToDouble(l -> 100 * l.gain.after / l.gain.before).toArray());
  }
}
