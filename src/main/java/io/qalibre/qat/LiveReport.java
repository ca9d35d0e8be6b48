package io.qalibre.qat;

import io.qalibre.progress.Curve;
import io.qalibre.progress.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a training shows while it runs: a line of text, and its curves. */
final class LiveReport {
  private final Task task;
  private final int epochs;
  private final LearningRate learningRate;

  LiveReport(Task task, int epochs, LearningRate learningRate) {
    this.task = task;
    this.epochs = epochs;
    this.learningRate = learningRate;
  }

  /**
   * Shows where a training is.
   *
   * @param done the samples so far
   * @param epoch the epoch that is running
   * @param losses the losses so far
   * @param ended the epochs that have ended
   */
  void show(long done, int epoch, List<Double> losses, List<History.Epoch> ended) {
    task.update(
        done,
        String.format(
            Locale.ROOT,
            "epoch %d/%d, loss %.3f, learning rate %.1e",
            epoch,
            epochs,
            losses.get(losses.size() - 1),
            learningRate.now()));
    List<Curve> curves = new ArrayList<>(List.of(LossCurve.of(losses)));
    List<History.Epoch> measured = ended.stream().filter(e -> !Double.isNaN(e.top1())).toList();
    if (!measured.isEmpty()) {
      curves.add(
          new Curve(
              "validation",
              "top-1 %",
              measured.stream().mapToDouble(History.Epoch::steps).toArray(),
              measured.stream().mapToDouble(History.Epoch::top1).toArray()));
    }
    task.plot("Training", curves);
  }
}
