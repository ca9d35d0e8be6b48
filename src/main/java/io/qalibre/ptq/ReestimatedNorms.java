package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Line;
import io.qalibre.view.Panels;
import io.qalibre.view.Tables;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import tech.tablesaw.api.Table;

/**
 * What the re-estimation of batch normalizations changed.
 *
 * @param simulation the network with new statistics; the ranges of its activations are still those
 *     from before
 * @param norms the batch normalizations in order of execution
 */
public record ReestimatedNorms(Simulation simulation, List<Norm> norms) implements Charted {
  /** Copies the list. */
  public ReestimatedNorms {
    norms = List.copyOf(norms);
  }

  /**
   * A batch normalization.
   *
   * @param name its node
   * @param shifts by how much the mean of each channel has moved, up or down, in its new standard
   *     deviations
   * @param ratios each channel's new standard deviation by its old one
   */
  public record Norm(String name, List<Double> shifts, List<Double> ratios) {
    /** Copies the lists. */
    public Norm {
      shifts = List.copyOf(shifts);
      ratios = List.copyOf(ratios);
    }

    /** Deviations are what the normalization divides by, ε included. */
    static Norm of(LiveNorm norm, Graph before, Graph after) {
      float epsilon = norm.node().attributes().number("epsilon", 1e-5f);
      float[] oldMean = before.initializer(norm.mean()).floats();
      float[] newMean = after.initializer(norm.mean()).floats();
      float[] oldVariance = before.initializer(norm.variance()).floats();
      float[] newVariance = after.initializer(norm.variance()).floats();
      List<Double> shifts = new ArrayList<>();
      List<Double> ratios = new ArrayList<>();
      for (int c = 0; c < oldMean.length; c++) {
        double deviation = Math.sqrt((double) newVariance[c] + epsilon);
        shifts.add(((double) newMean[c] - oldMean[c]) / deviation);
        ratios.add(deviation / Math.sqrt((double) oldVariance[c] + epsilon));
      }
      return new Norm(norm.name(), shifts, ratios);
    }

    /** The mean over channels of the absolute shift, in deviations. */
    public double mean() {
      return shifts.stream().mapToDouble(Math::abs).average().orElse(0);
    }

    /** The largest absolute shift of a channel, in deviations. */
    public double max() {
      return shifts.stream().mapToDouble(Math::abs).max().orElse(0);
    }

    /** The smallest ratio of deviations. */
    public double smallest() {
      return ratios.stream().mapToDouble(Double::doubleValue).min().orElse(1);
    }

    /** The largest ratio of deviations. */
    public double largest() {
      return ratios.stream().mapToDouble(Double::doubleValue).max().orElse(1);
    }
  }

  /**
   * A row a batch normalization: by how many deviations its means have moved, and the new
   * deviations by the old ones.
   */
  @Override
  public Table table() {
    return Tables.of("Batch normalization re-estimation", norms)
        .text("batch norm", Norm::name)
        .integer("channels", n -> n.shifts().size())
        .number("mean |shift|", Norm::mean)
        .number("max |shift|", Norm::max)
        .number("smallest ratio", Norm::smallest)
        .number("largest ratio", Norm::largest)
        .build();
  }

  /** Shifts of means and ratios of deviations, from the first batch normalization to the last. */
  @Override
  public Panels chart() {
    return Charts.row(
        "Re-estimated batch normalizations",
        List.of(
            Charts.lines(
                "",
                "batch normalization",
                "|shift| of a mean, in deviations",
                List.of(line("mean", Norm::mean), line("max", Norm::max))),
            Charts.lines(
                "",
                "batch normalization",
                "deviation, new / old",
                List.of(line("largest", Norm::largest), line("smallest", Norm::smallest)))));
  }

  private Line line(String name, ToDoubleFunction<Norm> value) {
    return Line.byIndex(name, norms.stream().mapToDouble(value).toArray());
  }

  /** In a few words: how many, and the largest shift of a mean. */
  public String summary() {
    double max = norms.stream().mapToDouble(Norm::max).max().orElse(0);
    return String.format(
        Locale.ROOT,
        "%d batch normalizations re-estimated, means moved by at most %.3g deviations",
        norms.size(),
        max);
  }
}
