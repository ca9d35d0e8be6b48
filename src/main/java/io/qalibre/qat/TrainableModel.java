package io.qalibre.qat;

import ai.djl.Model;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import io.qalibre.engine.Devices;
import io.qalibre.engine.GradientEstimator;
import io.qalibre.engine.TrainableBlock;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Simulation;

/**
 * A simulation as a DJL model: it holds native memory until it is closed.
 *
 * @param model the model, whose block is the simulation
 * @param block the block
 */
public record TrainableModel(Model model, TrainableBlock block) implements AutoCloseable {

  /**
   * Makes a model of a simulation, whose ranges learn as AIMET's do.
   *
   * @param name the model's name
   */
  public static TrainableModel of(String name, Simulation simulation) {
    return of(name, simulation, GradientEstimator.LEARNED);
  }

  /**
   * Makes a model of a simulation.
   *
   * @param name the model's name
   * @param estimator what ranges learn from, if they do
   */
  public static TrainableModel of(String name, Simulation simulation, GradientEstimator estimator) {
    Model model = Model.newInstance(name, Devices.current(), "PyTorch");
    try {
      TrainableBlock block = new TrainableBlock(simulation, model.getNDManager(), estimator);
      model.setBlock(block);
      return new TrainableModel(model, block);
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /**
   * A trainer of the model; close it before the model.
   *
   * @throws QalibreException if the configuration asks for several devices
   */
  public Trainer trainer(TrainingConfig config) {
    if (config.getDevices().length > 1) {
      throw new QalibreException(
          "training on several devices is not supported yet; give the configuration one with"
              + " optDevices, found "
              + config.getDevices().length);
    }
    return model.newTrainer(config);
  }

  /** The simulation with the weights and encodings as they are now. */
  public Simulation freeze() {
    return block.freeze();
  }

  @Override
  public void close() {
    model.close();
  }
}
