package io.qalibre.ptq;

import io.qalibre.graph.Simulation;
import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Line;
import io.qalibre.view.Panels;
import io.qalibre.view.Tables;
import java.util.List;
import java.util.Locale;
import tech.tablesaw.api.Table;

/**
 * What bias correction did.
 *
 * @param simulation the network with corrected biases; the ranges of its activations are still
 *     those from before
 * @param layers the layers in order of execution
 */
public record BiasShifts(Simulation simulation, List<Layer> layers) implements Charted {
  /** Copies the list. */
  public BiasShifts {
    layers = List.copyOf(layers);
  }

  /**
   * A layer.
   *
   * @param name its node
   * @param operator the operator
   * @param bias the tensor that was corrected; empty where the layer has none of its own
   * @param how {@code empirical} or {@code analytical}
   * @param shifts by how much the mean of each output channel had moved
   */
  public record Layer(String name, String operator, String bias, String how, List<Double> shifts) {
    /** Copies the list. */
    public Layer {
      shifts = List.copyOf(shifts);
    }

    /** Whether the layer has a bias that was corrected. */
    public boolean corrected() {
      return !bias.isEmpty();
    }

    /** The mean over channels of the absolute shift. */
    public double mean() {
      return shifts.stream().mapToDouble(Math::abs).average().orElse(0);
    }

    /** The largest absolute shift of a channel. */
    public double max() {
      return shifts.stream().mapToDouble(Math::abs).max().orElse(0);
    }
  }

  /** A row a layer: by how much its channels' means had moved when its turn came. */
  @Override
  public Table table() {
    return Tables.of("Bias correction", layers)
        .text("layer", Layer::name)
        .text("operator", Layer::operator)
        .text("bias", Layer::bias)
        .text("how", Layer::how)
        .flag("corrected", Layer::corrected)
        .integer("channels", l -> l.shifts().size())
        .number("mean |shift|", Layer::mean)
        .number("max |shift|", Layer::max)
        .build();
  }

  /** The mean and the largest shift of each layer, from the first to the last. */
  @Override
  public Panels chart() {
    return Charts.row(
        "Shifts that bias correction took back",
        List.of(
            Charts.lines(
                "",
                "layer",
                "|shift| of a channel's mean",
                List.of(
                    Line.byIndex("mean", layers.stream().mapToDouble(Layer::mean).toArray()),
                    Line.byIndex("max", layers.stream().mapToDouble(Layer::max).toArray())))));
  }

  /** In a few words: how many layers, and the largest shift. */
  public String summary() {
    long corrected = layers.stream().filter(Layer::corrected).count();
    double max = layers.stream().mapToDouble(Layer::max).max().orElse(0);
    return String.format(
        Locale.ROOT, "%d of %d biases corrected, by at most %.3g", corrected, layers.size(), max);
  }
}
