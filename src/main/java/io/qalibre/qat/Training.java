package io.qalibre.qat;

import ai.djl.training.dataset.Dataset;
import ai.djl.training.loss.Loss;
import io.qalibre.engine.GradientEstimator;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Fingerprint;
import io.qalibre.graph.Simulated;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a network is trained: {@code Qat.epochs(3)} and {@code Fp32.epochs(10)} begin with what suits
 * fine-tuning and training from scratch, and every method here gives a new value. How pictures are
 * varied is the dataset's own: {@code data.training().augmented(…)}.
 *
 * @param epochs passes over the training data, at least 1
 * @param schedule the learning rate
 * @param selection which epoch is kept, and when to stop
 * @param recipe how weights and ranges are updated, and toward what
 * @param run what makes a run repeatable, and who hears of it
 */
public record Training(int epochs, Schedule schedule, Selection selection, Recipe recipe, Run run) {
  /** Checks the number. */
  public Training {
    if (epochs < 1) {
      throw new QalibreException("expected at least 1 epoch, found " + epochs);
    }
  }

  /** How weights are updated. */
  public enum Method {
    /** Adam; Kingma and Ba, 2014 (arXiv 1412.6980). */
    ADAM,
    /** Stochastic gradient descent with momentum 0.9. */
    SGD
  }

  /**
   * Which epoch is kept, and when to stop.
   *
   * @param samples the samples that choose the best epoch, or null to keep the last one
   * @param patience after how many epochs without a better one to stop; 0 for never
   */
  public record Selection(@Nullable Dataset samples, int patience) {
    /** The last epoch, whatever it is. */
    static final Selection LAST = new Selection(null, 0);
  }

  /**
   * What makes a run repeatable, and who hears of it.
   *
   * @param seed decides the order of samples where the dataset leaves it open
   * @param checkpoint names the file that is written after each epoch and, if it is there, resumed
   *     from; or null
   * @param listener is told of each epoch as it ends
   */
  public record Run(
      long seed, @Nullable CheckpointFile checkpoint, Consumer<History.Epoch> listener) {
    /** A run that nothing is written of. */
    static Run of(long seed) {
      return new Run(seed, null, epoch -> {});
    }
  }

  /** Names the file that a training is resumed from. */
  @FunctionalInterface
  public interface CheckpointFile {
    /**
     * The file.
     *
     * @param network the network's name
     * @param kind what the training is, in words: network, samples and recipe
     */
    Path of(String network, String kind);
  }

  /** The same with another learning rate: the highest of its schedule. */
  public Training learningRate(double rate) {
    return with(new Schedule(rate, schedule.warmup(), schedule.fall()));
  }

  /** The same with a learning rate that rises for so many epochs before it falls. */
  public Training warmup(double epochs) {
    return with(new Schedule(schedule.highest(), epochs, schedule.fall()));
  }

  /**
   * The same with a learning rate that falls to zero along half a cosine, as it does by default.
   */
  public Training cosineSchedule() {
    return with(new Schedule(schedule.highest(), schedule.warmup(), new Schedule.Cosine()));
  }

  /**
   * The same with a learning rate that falls in steps.
   *
   * @param everyEpochs after how many epochs
   * @param factor what it is multiplied by each time, in (0, 1]
   */
  public Training stepSchedule(int everyEpochs, double factor) {
    Schedule.Steps steps = new Schedule.Steps(everyEpochs, factor);
    return with(new Schedule(schedule.highest(), schedule.warmup(), steps));
  }

  /**
   * The same with samples that choose: after each epoch their top-1 is measured, and the best state
   * is kept, the one before training included. Never give the samples that results are reported on.
   */
  public Training validate(Dataset samples) {
    return with(new Selection(samples, selection.patience));
  }

  /**
   * The same with an early end: when so many epochs in a row have not been better on the samples of
   * {@link #validate}, which it needs.
   */
  public Training stopAfter(int epochsWithoutGain) {
    if (epochsWithoutGain < 1) {
      throw new QalibreException(
          "stopAfter: expected at least 1 epoch without gain, found " + epochsWithoutGain);
    }
    return with(new Selection(selection.samples, epochsWithoutGain));
  }

  /** The same with another optimizer. */
  public Training method(Method other) {
    return with(recipe.method(other));
  }

  /** The same with an L2 penalty on matrices and kernels. */
  public Training weightDecay(double factor) {
    return with(recipe.weightDecay(factor));
  }

  /** The same with another loss on the labels. */
  public Training loss(Loss other) {
    Objective objective = recipe.objective();
    return with(
        recipe.objective(new Objective(other, objective.distillation(), objective.damping())));
  }

  /**
   * The same, learning from the answers of another network too: the float one, say, whose place the
   * quantized one is to take. At temperature 4, with a weight of 0.9 against the labels' 0.1.
   */
  public Training distillFrom(Simulated teacher) {
    return distillFrom(teacher, Distillation.TEMPERATURE, Distillation.WEIGHT);
  }

  /**
   * The same, learning from the answers of another network too: {@link Distillation} has the
   * formula and its source.
   *
   * @param teacher a network with the same inputs and the same one output, logits of classes
   * @param temperature what logits are divided by, above 0
   * @param weight the share of the teacher in the loss, in (0, 1]
   */
  public Training distillFrom(Simulated teacher, double temperature, double weight) {
    Objective objective = recipe.objective();
    Distillation distillation = new Distillation(teacher.simulation(), temperature, weight);
    return with(
        recipe.objective(new Objective(objective.loss(), distillation, objective.damping())));
  }

  /**
   * The same with weights drawn toward the codes that they have, so that they stop jumping between
   * two of them late in a training at few bits: adds λ·‖clip(w) − Q(w)‖² to the loss, with λ
   * growing from 0 to the factor along half a cosine. Losses are told without it. Source: Nagel et
   * al., Overcoming Oscillations in Quantization-Aware Training, ICML 2022 (arXiv 2203.11086).
   *
   * @param factor the largest λ; 0 for none
   */
  public Training dampOscillations(double factor) {
    Objective objective = recipe.objective();
    return with(
        recipe.objective(new Objective(objective.loss(), objective.distillation(), factor)));
  }

  /**
   * The same with batch normalizations that use and follow the training batches for so many epochs,
   * and then keep the statistics that they have. Without it those of {@code Qat} keep theirs from
   * the beginning, and those of {@code Fp32} follow to the end.
   */
  public Training freezeNormsAfter(int epochs) {
    return with(recipe.liveNorms(epochs));
  }

  /** The same with ranges that stay as they are; only weights learn. */
  public Training frozenRanges() {
    return estimator(GradientEstimator.STRAIGHT_THROUGH);
  }

  /** The same with ranges that learn from something else. */
  public Training estimator(GradientEstimator other) {
    return with(recipe.ranges(recipe.ranges().estimator(other)));
  }

  /** The same with ranges that learn at a multiple of the weights' learning rate. */
  public Training rangeLearningRate(double factor) {
    return with(recipe.ranges(recipe.ranges().rateFactor(factor)));
  }

  /** The same with ranges that learn for so many epochs, and then stay as they are. */
  public Training freezeRangesAfter(int epochs) {
    return with(recipe.ranges(recipe.ranges().epochs(epochs)));
  }

  /** The same with another seed. */
  public Training seed(long seed) {
    return with(new Run(seed, run.checkpoint, run.listener));
  }

  /**
   * The same with a file that is written after each epoch. If it is there when training begins, and
   * belongs to a training of the same kind, training goes on from it.
   */
  public Training checkpoint(Path file) {
    return with(new Run(run.seed, (network, kind) -> file, run.listener));
  }

  /**
   * The same with a folder for checkpoints: a file is written after each epoch, whose name is made
   * of the network, its weights and encodings, the samples' description and the recipe. A training
   * goes on from its own file, and one of another kind begins anew, so that a notebook may be run
   * again and again, with this or that changed.
   */
  public Training checkpointsIn(Path folder) {
    return with(
        new Run(
            run.seed,
            (network, kind) -> folder.resolve(Fingerprint.fileName(network, "train", kind)),
            run.listener));
  }

  /**
   * The same with somebody who is told of each epoch as it ends, after its validation and its
   * checkpoint: to keep a log. Replaces a listener given before; epochs that a resumed training
   * takes from its checkpoint are not told again.
   */
  public Training onEpoch(Consumer<History.Epoch> listener) {
    return with(new Run(run.seed, run.checkpoint, listener));
  }

  private Training with(Schedule changed) {
    return new Training(epochs, changed, selection, recipe, run);
  }

  private Training with(Selection changed) {
    return new Training(epochs, schedule, changed, recipe, run);
  }

  private Training with(Recipe changed) {
    return new Training(epochs, schedule, selection, changed, run);
  }

  private Training with(Run changed) {
    return new Training(epochs, schedule, selection, recipe, changed);
  }
}
