package io.qalibre.qat;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.translate.TranslateException;
import io.qalibre.engine.Devices;
import io.qalibre.engine.EngineErrors;
import io.qalibre.engine.GradientEstimator;
import io.qalibre.engine.Runner;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.progress.Progress;
import io.qalibre.progress.Task;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The training of a float network, or quantization-aware training, in which a simulation's weights
 * and ranges learn together. Where the user interrupts it, what has been learned so far is handed
 * back.
 */
public final class TrainingLoop {
  private static final String TITLE = "train";

  private final Simulation start;
  private final IntFunction<? extends Dataset> passes;
  private final Training options;
  private final LearningRate learningRate;
  private final List<History.Epoch> epochs = new ArrayList<>();
  private final List<Double> losses = new ArrayList<>();
  private Map<String, Tensor> best = Map.of();
  private Kept checkpoint = Kept.NOWHERE;
  private long samples;
  private int kept;

  private TrainingLoop(Simulation start, IntFunction<? extends Dataset> passes, Training options) {
    this.start = start;
    this.passes = passes;
    this.options = options;
    learningRate = new LearningRate(options.schedule(), options.epochs());
  }

  /**
   * A trained network or simulation.
   *
   * @param simulation the best state, or the last where nothing chose
   * @param history what happened
   */
  public record Result(Simulation simulation, History history) {}

  /**
   * Trains.
   *
   * <p>Interrupted, the training gives the best validated state; where no epoch has been validated
   * to be better than the start, what it has learned so far.
   *
   * @param start the network or simulation to begin with; it stays as it is
   * @param passes the dataset of each pass, by its number from 1: batches of inputs with labels;
   *     for a training that is to be resumed it depends on nothing but the number
   * @param options how
   * @throws QalibreException if the dataset is empty, has no labels or does not fit, the loss is
   *     NaN, no gradient reaches a weight or range, a checkpoint belongs to another training, or an
   *     option lacks what it needs
   */
  public static Result train(
      Simulation start, IntFunction<? extends Dataset> passes, Training options) {
    return new TrainingLoop(start, passes, options).run();
  }

  private Result run() {
    boolean interrupted = false;
    Dataset first = prepared(1);
    samples = first instanceof RandomAccessDataset sized ? sized.size() : 0;
    checkpoint = Kept.of(start, first, options);
    GradientEstimator estimator = options.recipe().ranges().estimator();
    try (TrainableModel model = TrainableModel.of(TITLE, start, estimator)) {
      check(model);
      ReadableOptimizer optimizer = optimizer(model);
      try (Trainer trainer = model.trainer(config(optimizer));
          Criterion criterion = new Criterion(options.recipe().objective());
          Task task = Progress.start(TITLE, samples * options.epochs())) {
        Pass pass = new Pass(trainer, criterion, optimizer, model, report(task));
        trainer.initialize(inputShapes());
        try {
          if (!resumed(model, optimizer)) {
            best = model.block().snapshot();
            validate(start, model, 0);
          } else {
            pass.report().show(lastEpoch() * samples, lastEpoch(), losses, epochs);
          }
          while (lastEpoch() < options.epochs() && !hopeless()) {
            epoch(pass);
          }
        } catch (InterruptedWorkException e) {
          interrupted = true;
          stopped(model);
        }
      }
      History history = new History(epochs, losses, kept, interrupted);
      if (kept == 0) {
        return new Result(start, history);
      }
      model.block().restore(best);
      return new Result(model.freeze(), history);
    } catch (EngineException e) {
      throw EngineErrors.of(TITLE, "failed", e);
    } catch (IOException | TranslateException e) {
      throw new QalibreException(TITLE + ": the dataset failed: " + e.getMessage(), e);
    }
  }

  /** Where the state is kept after each epoch, and what it belongs to. */
  private record Kept(@Nullable Path file, String kind) {
    static final Kept NOWHERE = new Kept(null, "");

    static Kept of(Simulation start, Dataset samples, Training options) {
      Training.CheckpointFile named = options.run().checkpoint();
      if (named == null) {
        return NOWHERE;
      }
      String kind = TrainingKind.of(start, TrainingKind.describe(samples), options);
      Path file = named.of(start.graph().name(), kind);
      Checkpoint.requireWritable(file);
      return new Kept(file, kind);
    }
  }

  /** What takes part in every step. */
  private record Pass(
      Trainer trainer,
      Criterion criterion,
      ReadableOptimizer optimizer,
      TrainableModel model,
      LiveReport report) {}

  private LiveReport report(Task task) {
    return new LiveReport(task, options.epochs(), learningRate);
  }

  private void check(TrainableModel model) {
    Training.Selection selection = options.selection();
    if (selection.patience() > 0 && selection.samples() == null) {
      throw new QalibreException(
          "stopAfter: nothing says which epoch is better; give samples with validate(…)");
    }
    if (options.recipe().objective().damping() > 0 && model.block().quantizedWeights() == 0) {
      throw new QalibreException("dampOscillations: no weight of this network is quantized");
    }
  }

  /** Whether the epochs since the best one are as many as the user has patience for. */
  private boolean hopeless() {
    int patience = options.selection().patience();
    return patience > 0 && lastEpoch() - kept >= patience;
  }

  private int lastEpoch() {
    return epochs.isEmpty() ? 0 : epochs.get(epochs.size() - 1).number();
  }

  private void epoch(Pass pass) throws IOException, TranslateException {
    int number = lastEpoch() + 1;
    long began = System.nanoTime();
    TrainableModel model = pass.model();
    model.block().liveNorms(number <= options.recipe().liveNorms());
    if (number > options.recipe().ranges().epochs()) {
      model.block().freezeRanges();
    }
    train(pass, number);
    validate(model.freeze(), model, (System.nanoTime() - began) / 1e9);
    pass.report().show(number * samples, number, losses, epochs);
    Path file = checkpoint.file();
    if (file != null) {
      keep(file, pass);
    }
    options.run().listener().accept(epochs.get(epochs.size() - 1));
  }

  /** Writes the state; of a training that has come to its end no more than what it gives. */
  private void keep(Path file, Pass pass) {
    boolean over = lastEpoch() == options.epochs();
    Map<String, Tensor> last = over ? Map.of() : pass.model().block().snapshot();
    Map<String, Tensor> moments = over ? Map.of() : pass.optimizer().state();
    History history = new History(epochs, losses, kept, false);
    new Checkpoint(checkpoint.kind(), history, last, best, moments).write(file);
  }

  /** Goes on from the checkpoint, if there is one. */
  private boolean resumed(TrainableModel model, ReadableOptimizer optimizer) {
    Path file = checkpoint.file();
    if (file == null || !Files.exists(file)) {
      return false;
    }
    Checkpoint state = Checkpoint.read(file, checkpoint.kind());
    if (!state.parameters().isEmpty()) {
      model.block().restore(state.parameters());
      optimizer.restore(state.history().losses().size(), state.optimizer());
    }
    epochs.addAll(state.history().epochs());
    losses.addAll(state.history().losses());
    kept = state.history().kept();
    best = state.best();
    learningRate.progress(lastEpoch());
    return true;
  }

  private Dataset prepared(int epoch) {
    Dataset dataset = passes.apply(epoch);
    try {
      dataset.prepare();
    } catch (IOException | TranslateException e) {
      throw new QalibreException(TITLE + ": the dataset failed: " + e.getMessage(), e);
    }
    return dataset;
  }

  /** Ends an interrupted epoch; its weights are kept where no epoch before it was better. */
  private void stopped(TrainableModel model) {
    int ended = epochs.isEmpty() ? 0 : epochs.get(epochs.size() - 1).steps();
    if (losses.size() == ended) {
      return;
    }
    int number = lastEpoch() + 1;
    epochs.add(
        new History.Epoch(
            number, losses.size(), meanLoss(), Double.NaN, learningRate.now(), Double.NaN));
    if (kept == 0 || options.selection().samples() == null) {
      best = model.block().snapshot();
      kept = number;
    }
  }

  private ReadableOptimizer optimizer(TrainableModel model) {
    Map<String, String> names = new HashMap<>();
    model
        .block()
        .getParameters()
        .values()
        .forEach(parameter -> names.put(parameter.getId(), parameter.getName()));
    return new ReadableOptimizer(
        options.recipe(), learningRate, names, model.model().getNDManager());
  }

  private DefaultTrainingConfig config(ReadableOptimizer optimizer) {
    return new DefaultTrainingConfig(options.recipe().objective().loss())
        .optDevices(new ai.djl.Device[] {Devices.current()})
        .optOptimizer(optimizer);
  }

  private Shape[] inputShapes() {
    return start.graph().inputs().stream()
        .map(input -> new Shape(input.shape().fix(1).sizes()))
        .toArray(Shape[]::new);
  }

  private void train(Pass pass, int epoch) throws IOException, TranslateException {
    long done = 0;
    seedDropouts(epoch);
    for (Batch batch : pass.trainer().iterateDataset(prepared(epoch))) {
      try (batch) {
        InterruptedWorkException.check(() -> TITLE + " stopped after " + losses.size() + " steps");
        pass.optimizer().nextStep();
        losses.add(step(pass, batch));
        done += batch.getSize();
      }
      learningRate.progress(epoch - 1 + (double) done / Math.max(done, samples));
      pass.report().show((epoch - 1) * samples + done, epoch, losses, epochs);
    }
    if (done == 0) {
      throw new QalibreException(TITLE + ": the dataset is empty; expected at least one batch");
    }
  }

  /** What drops depends on nothing but seed and epoch, so that a training can be resumed. */
  private void seedDropouts(int epoch) {
    if (start.graph().operators().stream().anyMatch(node -> node.type().equals("Dropout"))) {
      Devices.seed(Long.hashCode(31 * options.run().seed() + epoch));
    }
  }

  private double step(Pass pass, Batch batch) {
    NDList data = batch.getData();
    NDList labels = batch.getLabels();
    if (labels.isEmpty()) {
      throw new QalibreException(TITLE + ": training needs labels, and the dataset has none");
    }
    double value;
    try (GradientCollector collector = collector(pass.trainer())) {
      NDList answers = pass.trainer().forward(data, labels);
      NDArray loss = pass.criterion().evaluate(data, labels, answers);
      value = loss.getFloat();
      if (!Double.isFinite(value)) {
        throw new QalibreException(
            String.format(
                Locale.ROOT,
                "the loss is %s in step %d at learning rate %.2g; a lower rate may help",
                value,
                losses.size() + 1,
                learningRate.now()));
      }
      collector.backward(loss);
    }
    double damping = options.recipe().objective().damping();
    if (damping > 0) {
      pass.model().block().damp(damping * (1 - Math.cos(Math.PI * learningRate.share())) / 2);
    }
    update(pass.trainer());
    return value;
  }

  private static GradientCollector collector(Trainer trainer) {
    try {
      return trainer.newGradientCollector();
    } catch (IllegalStateException e) {
      throw new QalibreException(
          TITLE
              + ": another training is under way in this process, and the engine can follow one only;"
              + " wait for its end, or close its gradient collector",
          e);
    }
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

  /** Ends an epoch: keeps its state if it is the best, or if nothing chooses. */
  private void validate(Simulation learned, TrainableModel model, double seconds) {
    int epoch = losses.isEmpty() ? 0 : lastEpoch() + 1;
    Dataset validation = options.selection().samples();
    double top1 = validation == null ? Double.NaN : Runner.accuracy(learned, validation).top1();
    double bestTop1 =
        epochs.stream().mapToDouble(History.Epoch::top1).max().orElse(Double.NEGATIVE_INFINITY);
    if (epoch > 0 && (validation == null || top1 > bestTop1)) {
      best = model.block().snapshot();
      kept = epoch;
    }
    if (epoch > 0 || validation != null) {
      epochs.add(
          new History.Epoch(epoch, losses.size(), meanLoss(), top1, learningRate.now(), seconds));
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
