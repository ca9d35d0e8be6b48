package io.qalibre;

import ai.djl.Model;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import io.qalibre.qat.TrainableModel;

/**
 * A quantized network as a DJL model, for a training loop of the user's own: its block computes the
 * simulation, its parameters are the weights by their tensors' names and the quantizers' ranges. It
 * holds native memory until it is closed.
 */
public final class TrainableNetwork implements AutoCloseable {
  private final QuantizedNetwork start;
  private final TrainableModel trainable;

  TrainableNetwork(QuantizedNetwork start) {
    this.start = start;
    trainable = TrainableModel.of(start.simulation().graph().name(), start.simulation());
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
