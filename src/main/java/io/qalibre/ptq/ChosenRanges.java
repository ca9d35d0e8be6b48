package io.qalibre.ptq;

import io.qalibre.graph.Simulation;
import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Line;
import io.qalibre.view.Panels;
import io.qalibre.view.Tables;
import java.util.ArrayList;
import java.util.List;
import tech.tablesaw.api.Table;

/**
 * What sequential MSE chose.
 *
 * @param simulation the network with the weights' new encodings; the ranges of its activations are
 *     still those from before
 * @param layers the layers in order of execution
 */
public record ChosenRanges(Simulation simulation, List<Layer> layers) implements Charted {
  /** Copies the list. */
  public ChosenRanges {
    layers = List.copyOf(layers);
  }

  /**
   * A layer.
   *
   * @param weight the tensor whose range was chosen
   * @param operator the layer's operator
   * @param fractions the part of its range that each channel keeps, above 0 to 1; one of all for a
   *     weight with a single grid
   * @param before the error of the layer's output with the whole range, relative to candidates of
   *     the same layer only
   * @param after the error with the ranges chosen, in the same unit
   */
  public record Layer(
      String weight, String operator, List<Double> fractions, double before, double after) {
    /** Copies the list. */
    public Layer {
      fractions = List.copyOf(fractions);
    }

    /** The mean over channels of the part of the range that is kept. */
    public double mean() {
      return fractions.stream().mapToDouble(Double::doubleValue).average().orElse(1);
    }

    /** The smallest part of its range that a channel keeps. */
    public double min() {
      return fractions.stream().mapToDouble(Double::doubleValue).min().orElse(1);
    }
  }

  /** A row a layer: what part of their ranges its channels keep, and the error that it saves. */
  @Override
  public Table table() {
    return Tables.of("Sequential MSE", layers)
        .text("weight", Layer::weight)
        .text("operator", Layer::operator)
        .integer("channels", l -> l.fractions().size())
        .number("mean part of range", Layer::mean)
        .number("smallest", Layer::min)
        .number("error before", Layer::before)
        .number("error after", Layer::after)
        .build();
  }

  /** The part of the range that is kept, and the error that is left, by layer. */
  @Override
  public Panels chart() {
    Line mean = Line.byIndex("mean", layers.stream().mapToDouble(Layer::mean).toArray());
    List<Line> parts = new ArrayList<>(List.of(mean));
    if (layers.stream().anyMatch(l -> l.fractions().size() > 1)) {
      parts.add(Line.byIndex("smallest", layers.stream().mapToDouble(Layer::min).toArray()));
    }
    double[] left = layers.stream().mapToDouble(l -> l.after() / l.before()).toArray();
    return Charts.row(
        "Weight ranges by sequential MSE",
        List.of(
            Charts.lines("", "layer", "part of the range kept", parts),
            Charts.lines(
                "", "layer", "error after / before", List.of(Line.byIndex("error", left)))));
  }

  /** In a few words: how many weights, and how many channels got a smaller range. */
  public String summary() {
    long channels = layers.stream().mapToLong(l -> l.fractions().size()).sum();
    long smaller =
        layers.stream()
            .flatMap(l -> l.fractions().stream())
            .filter(fraction -> fraction < 1)
            .count();
    return "%d weights, %d of %d ranges made smaller".formatted(layers.size(), smaller, channels);
  }
}
