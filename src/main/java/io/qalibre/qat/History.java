package io.qalibre.qat;

import io.qalibre.progress.Curve;
import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Line;
import io.qalibre.view.Panels;
import io.qalibre.view.Tables;
import java.util.List;
import tech.tablesaw.api.Table;

/**
 * What happened while training.
 *
 * @param epochs one entry an epoch, beginning with epoch 0, before training, where samples to
 *     validate on were given
 * @param losses the loss of each step
 * @param kept the epoch whose simulation was kept
 * @param interrupted whether the user stopped the training before its end
 */
public record History(List<Epoch> epochs, List<Double> losses, int kept, boolean interrupted)
    implements Charted {
  /** Copies the lists. */
  public History {
    epochs = List.copyOf(epochs);
    losses = List.copyOf(losses);
  }

  /**
   * One pass over the training data.
   *
   * @param number 1 for the first pass, 0 for the state before it
   * @param steps the steps done until its end
   * @param loss the mean loss of its steps; NaN for epoch 0
   * @param top1 top-1 on the validation samples, in percent; NaN without any, and where interrupted
   * @param learningRate the learning rate at its end
   * @param seconds how long it took; NaN where interrupted
   */
  public record Epoch(
      int number, int steps, double loss, double top1, double learningRate, double seconds) {}

  /** In a few words: how many steps, and which epoch was kept. */
  public String summary(int of) {
    return losses.size()
        + " steps, epoch "
        + kept
        + " of "
        + of
        + " kept"
        + (interrupted ? ", interrupted" : "");
  }

  /** A row an epoch. */
  @Override
  public Table table() {
    return Tables.of("Training" + (interrupted ? " (interrupted)" : ""), epochs)
        .integer("epoch", Epoch::number)
        .integer("steps", Epoch::steps)
        .number("loss", Epoch::loss)
        .number("validation top-1 %", Epoch::top1)
        .number("learning rate", Epoch::learningRate)
        .number("seconds", Epoch::seconds)
        .flag("kept", e -> e.number() == kept)
        .build();
  }

  /** The loss of each step, and the accuracy after each epoch. */
  @Override
  public Panels chart() {
    List<Line> loss = List.of(line(LossCurve.of(losses)));
    List<Epoch> validated = epochs.stream().filter(e -> !Double.isNaN(e.top1())).toList();
    if (validated.isEmpty()) {
      return Charts.row("Training", List.of(Charts.lines("", "step", "loss", loss)));
    }
    Line top1 =
        new Line(
            "validation",
            validated.stream().mapToDouble(Epoch::number).toArray(),
            validated.stream().mapToDouble(Epoch::top1).toArray());
    return Charts.row(
        "Training",
        List.of(
            Charts.lines("", "step", "loss", loss),
            Charts.lines("", "epoch", "top-1 %", List.of(top1))));
  }

  private static Line line(Curve curve) {
    return new Line(curve.name(), curve.x(), curve.y());
  }
}
