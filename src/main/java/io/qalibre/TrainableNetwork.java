package io.qalibre;

import ai.djl.Model;
import ai.djl.nn.Parameter;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import ai.djl.training.tracker.ParameterTracker;
import io.qalibre.engine.GradientEstimator;
import io.qalibre.engine.RangeNames;
import io.qalibre.graph.Simulation;
import io.qalibre.qat.TrainableModel;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A quantized network as a DJL model, for a training loop of the user's own: its block computes the
 * simulation, its parameters are the weights by their tensors' names and the quantizers' ranges. It
 * holds native memory until it is closed.
 */
public final class TrainableNetwork implements AutoCloseable {
  private final QuantizedNetwork start;
  private final TrainableModel trainable;

  TrainableNetwork(QuantizedNetwork start, GradientEstimator estimator) {
    this.start = start;
    Simulation simulation = start.simulation();
    trainable = TrainableModel.of(simulation.graph().name(), simulation, estimator);
  }

  /** The model; it goes into any DJL code that takes one. */
  public Model model() {
    return trainable.model();
  }

  /**
   * A trainer of the model, such as {@code EasyTrain.fit} takes; close it before this.
   *
   * @throws io.qalibre.errors.QalibreException if the configuration asks for several devices
   */
  public Trainer trainer(TrainingConfig config) {
    return trainable.trainer(config);
  }

  /** Lets the quantizers' ranges stay as they are from now on; only weights go on learning. */
  public void freezeRanges() {
    trainable.block().freezeRanges();
  }

  /**
   * A learning rate for DJL's optimizers that is another one for the quantizers' ranges: {@code
   * Optimizer.adam().optLearningRateTracker(t.learningRate(Tracker.fixed(1e-4f), 0.1))}.
   *
   * @param weights the learning rate of the weights
   * @param rangeFactor that of ranges as a multiple of it
   */
  public ParameterTracker learningRate(ParameterTracker weights, double rangeFactor) {
    Set<String> ranges =
        trainable.block().getParameters().values().stream()
            .filter(parameter -> RangeNames.isRange(parameter.getName()))
            .map(Parameter::getId)
            .collect(Collectors.toSet());
    return (id, update) ->
        weights.getNewValue(id, update) * (ranges.contains(id) ? (float) rangeFactor : 1);
  }

  /**
   * The quantized network with the weights and ranges as they are now, an interrupted loop's too.
   */
  public QuantizedNetwork freeze() {
    return start.with(
        trainable.freeze(), new Step("freeze", "weights and ranges from a loop of the user's own"));
  }

  @Override
  public void close() {
    trainable.close();
  }
}
