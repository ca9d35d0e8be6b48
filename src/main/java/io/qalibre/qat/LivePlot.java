package io.qalibre.qat;

import ai.djl.training.Trainer;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.listener.TrainingListenerAdapter;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.progress.Curve;
import io.qalibre.progress.Progress;
import io.qalibre.progress.Task;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A DJL listener that shows the loss and the validation's evaluators while a trainer of the user's
 * own runs, and stops it when the cell is interrupted.
 *
 * <p>What it shows is accumulated by DJL's own {@link EvaluatorTrainingListener}: one that comes
 * before it ({@code TrainingListener.Defaults.basic()} has it), or else its own.
 */
public final class LivePlot extends TrainingListenerAdapter {
  private final long total;
  private final boolean inSamples;
  private final List<Double> losses = new ArrayList<>();
  private final Map<String, List<double[]>> validation = new LinkedHashMap<>();
  private final Map<String, Double> measured = new LinkedHashMap<>();
  private @Nullable Task task;
  private @Nullable EvaluatorTrainingListener own;
  private long done;

  /**
   * Creates a listener for one training whose progress is counted in passes.
   *
   * @param epochs how many passes the training takes, at least 1
   */
  public LivePlot(int epochs) {
    total = epochs;
    inSamples = false;
  }

  /**
   * Creates a listener for one training whose progress is counted in samples.
   *
   * @param epochs how many passes the training takes, at least 1
   * @param training the samples of a pass
   */
  public LivePlot(int epochs, RandomAccessDataset training) {
    total = Math.max(1, epochs * training.size());
    inSamples = true;
  }

  @Override
  public void onTrainingBegin(Trainer trainer) {
    task = Progress.start("train", total);
  }

  @Override
  public void onTrainingBatch(Trainer trainer, BatchData batchData) {
    InterruptedWorkException.check(() -> "train stopped after " + losses.size() + " steps");
    if (own == null && !accumulates(trainer)) {
      own = new EvaluatorTrainingListener();
      own.onTrainingBegin(trainer);
    }
    if (own != null) {
      own.onTrainingBatch(trainer, batchData);
    }
    // The mean of the epoch so far: the loss of a single batch would have to be computed again.
    double loss = trainer.getLoss().getAccumulator(EvaluatorTrainingListener.TRAIN_EPOCH);
    if (Double.isFinite(loss)) {
      losses.add(loss);
    }
    done += inSamples ? batchData.getBatch().getSize() : 0;
    show();
  }

  /** Whether somebody has counted the batch already. */
  private static boolean accumulates(Trainer trainer) {
    try {
      trainer.getLoss().getAccumulator(EvaluatorTrainingListener.TRAIN_EPOCH);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  @Override
  public void onValidationBatch(Trainer trainer, BatchData batchData) {
    InterruptedWorkException.check(() -> "validation after " + losses.size() + " steps");
    if (own != null) {
      own.onValidationBatch(trainer, batchData);
    }
    // DJL's own listener clears what it has accumulated before onEpoch is called here.
    for (Evaluator evaluator : trainer.getEvaluators()) {
      double value = evaluator.getAccumulator(EvaluatorTrainingListener.VALIDATE_EPOCH);
      measured.put(evaluator.getName(), value);
    }
  }

  @Override
  public void onEpoch(Trainer trainer) {
    done += inSamples ? 0 : 1;
    measured.forEach(
        (name, value) ->
            validation
                .computeIfAbsent(name, k -> new ArrayList<>())
                .add(new double[] {losses.size(), value}));
    measured.clear();
    show();
    if (own != null) {
      own.onEpoch(trainer);
    }
  }

  @Override
  public void onTrainingEnd(Trainer trainer) {
    if (task != null) {
      task.close();
    }
  }

  private void show() {
    if (task == null || losses.isEmpty()) {
      return;
    }
    task.update(done, losses.size() + " steps");
    List<Curve> curves = new ArrayList<>(List.of(LossCurve.of(losses)));
    validation.forEach(
        (name, points) ->
            curves.add(
                new Curve(
                    "validation " + name,
                    name.contains("Loss") ? "loss" : name,
                    points.stream().mapToDouble(p -> p[0]).toArray(),
                    points.stream().mapToDouble(p -> p[1]).toArray())));
    task.plot("Training", curves);
  }
}
