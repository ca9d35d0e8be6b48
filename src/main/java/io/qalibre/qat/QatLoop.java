package io.qalibre.qat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.translate.TranslateException;
import io.qalibre.engine.Devices;
import io.qalibre.engine.Runner;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Simulation;
import io.qalibre.progress.Curve;
import io.qalibre.progress.Progress;
import io.qalibre.progress.Task;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Quantization-aware training: the simulation's weights and ranges learn together. Where the user
 * interrupts it, what has been learned so far is handed back.
 */
public final class QatLoop {
  private static final String TITLE = "train";

  private final Simulation start;
  private final Dataset training;
  private final Qat options;
  private final CosineSchedule schedule;
  private final List<History.Epoch> epochs = new ArrayList<>();
  private final List<Double> losses = new ArrayList<>();
  private Simulation best;
  private long samples;
  private int kept;

  private QatLoop(Simulation start, Dataset training, Qat options) {
    this.start = start;
    this.training = training;
    this.options = options;
    schedule = new CosineSchedule(options.learningRate());
    best = start;
  }

  /**
   * A trained simulation.
   *
   * @param simulation the best one, or the last where nothing chose
   * @param history what happened
   */
  public record Result(Simulation simulation, History history) {}

  /**
   * Trains a simulation.
   *
   * <p>Interrupted, the training gives the best validated simulation; where no epoch has been
   * validated to be better than the start, what it has learned so far.
   *
   * @param start the simulation to begin with; it stays as it is
   * @param training batches of inputs with labels
   * @param options how
   * @throws QalibreException if the dataset is empty, has no labels or does not fit, the loss is
   *     NaN, or no gradient reaches a weight or range
   */
  public static Result train(Simulation start, Dataset training, Qat options) {
    return new QatLoop(start, training, options).run();
  }

  private Result run() {
    boolean interrupted = false;
    prepare();
    try (TrainableModel model = TrainableModel.of("qat", start);
        Trainer trainer = model.trainer(config());
        Task task = Progress.start(TITLE, Math.max(1, samples * options.epochs()))) {
      trainer.initialize(inputShapes());
      try {
        validate(start, 0, 0);
        for (int epoch = 1; epoch <= options.epochs(); epoch++) {
          long began = System.nanoTime();
          pass(trainer, task, epoch);
          validate(model.freeze(), epoch, (System.nanoTime() - began) / 1e9);
          report(task, epoch * samples, epoch);
        }
      } catch (InterruptedWorkException e) {
        interrupted = true;
        stopped(model.freeze());
      }
    } catch (IOException | TranslateException e) {
      throw new QalibreException(TITLE + ": the dataset failed: " + e.getMessage(), e);
    }
    return new Result(best, new History(epochs, losses, kept, interrupted));
  }

  private void prepare() {
    try {
      training.prepare();
    } catch (IOException | TranslateException e) {
      throw new QalibreException(TITLE + ": the dataset failed: " + e.getMessage(), e);
    }
    samples = training instanceof RandomAccessDataset sized ? sized.size() : 0;
  }

  /** Ends an interrupted epoch; its weights are kept where no epoch before it was better. */
  private void stopped(Simulation learned) {
    int ended = epochs.isEmpty() ? 0 : epochs.get(epochs.size() - 1).steps();
    if (losses.size() == ended) {
      return;
    }
    int number = epochs.isEmpty() ? 1 : epochs.get(epochs.size() - 1).number() + 1;
    epochs.add(
        new History.Epoch(
            number, losses.size(), meanLoss(), Double.NaN, schedule.now(), Double.NaN));
    if (kept == 0 || options.validation() == null) {
      best = learned;
      kept = number;
    }
  }

  private DefaultTrainingConfig config() {
    return new DefaultTrainingConfig(options.loss())
        .optDevices(new ai.djl.Device[] {Devices.current()})
        .optOptimizer(Optimizer.adam().optLearningRateTracker(schedule).build());
  }

  private Shape[] inputShapes() {
    return start.graph().inputs().stream()
        .map(input -> new Shape(input.shape().fix(1).sizes()))
        .toArray(Shape[]::new);
  }

  private void pass(Trainer trainer, Task task, int epoch) throws IOException, TranslateException {
    long done = 0;
    for (Batch batch : trainer.iterateDataset(training)) {
      try (batch) {
        InterruptedWorkException.check(() -> TITLE + " stopped after " + losses.size() + " steps");
        losses.add(step(trainer, batch));
        done += batch.getSize();
      }
      schedule.progress((epoch - 1 + (double) done / Math.max(done, samples)) / options.epochs());
      report(task, (epoch - 1) * samples + done, epoch);
    }
    if (done == 0) {
      throw new QalibreException(TITLE + ": the dataset is empty; expected at least one batch");
    }
  }

  private double step(Trainer trainer, Batch batch) {
    if (batch.getLabels().isEmpty()) {
      throw new QalibreException(TITLE + ": training needs labels, and the dataset has none");
    }
    double value;
    try (GradientCollector collector = trainer.newGradientCollector()) {
      NDList predictions = trainer.forward(batch.getData(), batch.getLabels());
      NDArray loss = options.loss().evaluate(batch.getLabels(), predictions);
      value = loss.getFloat();
      if (!Double.isFinite(value)) {
        throw new QalibreException(
            String.format(
                Locale.ROOT,
                "the loss is %s in step %d at learning rate %.2g; a lower rate may help",
                value,
                losses.size() + 1,
                schedule.now()));
      }
      collector.backward(loss);
    }
    update(trainer);
    return value;
  }

  private void update(Trainer trainer) {
    try {
      trainer.step();
    } catch (IllegalStateException e) {
      // The trainer takes a first step without any gradient for a mistake in the loop.
      throw new QalibreException(
          "train: every gradient is zero in step %d: what the network gives does not depend on its weights and ranges (dead or clipped activations)"
              .formatted(losses.size() + 1),
          e);
    }
  }

  private void report(Task task, long done, int epoch) {
    double loss = losses.get(losses.size() - 1);
    task.update(
        done,
        String.format(
            Locale.ROOT,
            "epoch %d/%d, loss %.3f, learning rate %.1e",
            epoch,
            options.epochs(),
            loss,
            schedule.now()));
    List<Curve> curves = new ArrayList<>(List.of(LossCurve.of(losses)));
    validation().ifPresent(curves::add);
    task.plot("Training", curves);
  }

  private java.util.Optional<Curve> validation() {
    List<History.Epoch> measured = epochs.stream().filter(e -> !Double.isNaN(e.top1())).toList();
    return measured.isEmpty()
        ? java.util.Optional.empty()
        : java.util.Optional.of(
            new Curve(
                "validation",
                "top-1 %",
                measured.stream().mapToDouble(History.Epoch::steps).toArray(),
                measured.stream().mapToDouble(History.Epoch::top1).toArray()));
  }

  /** Ends an epoch: keeps its simulation if it is the best, or if nothing chooses. */
  private void validate(Simulation learned, int epoch, double seconds) {
    Dataset validation = options.validation();
    double top1 = Double.NaN;
    if (validation != null) {
      top1 = Runner.accuracy(learned, validation).top1();
    }
    double bestTop1 =
        epochs.stream().mapToDouble(History.Epoch::top1).max().orElse(Double.NEGATIVE_INFINITY);
    if (epoch > 0 && (validation == null || top1 > bestTop1)) {
      best = learned;
      kept = epoch;
    }
    if (epoch > 0 || validation != null) {
      epochs.add(
          new History.Epoch(epoch, losses.size(), meanLoss(), top1, schedule.now(), seconds));
    }
  }

  /** The mean loss of the steps since the last epoch; NaN before the first. */
  private double meanLoss() {
    int from = epochs.isEmpty() ? 0 : epochs.get(epochs.size() - 1).steps();
    return losses.subList(from, losses.size()).stream()
        .mapToDouble(Double::doubleValue)
        .average()
        .orElse(Double.NaN);
  }
}
