package io.qalibre.ptq;

import io.qalibre.graph.BatchNormFolding;
import io.qalibre.graph.Simulation;
import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Line;
import io.qalibre.view.Panels;
import io.qalibre.view.Tables;
import java.util.List;
import java.util.function.ToDoubleFunction;
import tech.tablesaw.api.Table;

/**
 * What folding batch normalizations into scales did.
 *
 * @param simulation the network without those that were folded
 * @param norms all batch normalizations that there were, in order of execution
 * @param statistics the means and deviations of the folded ones' outputs
 */
public record FoldedNorms(
    Simulation simulation, List<Norm> norms, List<BatchNormFolding.Folded> statistics)
    implements Charted {
  /** Copies the lists. */
  public FoldedNorms {
    norms = List.copyOf(norms);
    statistics = List.copyOf(statistics);
  }

  /**
   * A batch normalization.
   *
   * @param name its node
   * @param layer the layer it went into; empty where it stays
   * @param factors what each output channel of the layer's weight was multiplied by
   * @param changed how many of these channels have a code that is not kept, nor mirrored
   * @param reason why it stays; empty where it was folded
   */
  public record Norm(String name, String layer, List<Double> factors, int changed, String reason) {
    /** Copies the list. */
    public Norm {
      factors = List.copyOf(factors);
    }

    /** One that stays. */
    static Norm left(String name, String reason) {
      return new Norm(name, "", List.of(), 0, reason);
    }

    /** Whether it was folded. */
    public boolean folded() {
      return reason.isEmpty();
    }

    /** How many channels were multiplied by a negative number. */
    public int mirrored() {
      return (int) factors.stream().filter(factor -> factor < 0).count();
    }

    /** The smallest factor of a scale; NaN where nothing was folded. */
    public double smallest() {
      return factors.stream().mapToDouble(Math::abs).min().orElse(Double.NaN);
    }

    /** The largest factor of a scale; NaN where nothing was folded. */
    public double largest() {
      return factors.stream().mapToDouble(Math::abs).max().orElse(Double.NaN);
    }
  }

  /**
   * A row a batch normalization: where it went, by what scales were multiplied, or why it stays.
   */
  @Override
  public Table table() {
    return Tables.of("Batch normalizations folded to scales", norms)
        .text("batch norm", Norm::name)
        .text("layer", Norm::layer)
        .flag("folded", Norm::folded)
        .integer("channels", n -> n.factors().size())
        .integer("mirrored", Norm::mirrored)
        .integer("other codes", Norm::changed)
        .number("smallest factor", Norm::smallest)
        .number("largest factor", Norm::largest)
        .text("reason", Norm::reason)
        .build();
  }

  /** The factors of scales, from the first batch normalization to the last. */
  @Override
  public Panels chart() {
    return Charts.row(
        "Batch normalizations folded to scales",
        List.of(
            Charts.lines(
                "",
                "batch normalization",
                "factor of a channel's scale",
                List.of(line("largest", Norm::largest), line("smallest", Norm::smallest)))));
  }

  private Line line(String name, ToDoubleFunction<Norm> value) {
    return Line.byIndex(name, norms.stream().mapToDouble(value).toArray());
  }

  /** In a few words: how many were folded, and how many channels have other codes. */
  public String summary() {
    long folded = norms.stream().filter(Norm::folded).count();
    int changed = norms.stream().mapToInt(Norm::changed).sum();
    return "%d of %d batch normalizations folded to scales, %d channels with other codes"
        .formatted(folded, norms.size(), changed);
  }
}
