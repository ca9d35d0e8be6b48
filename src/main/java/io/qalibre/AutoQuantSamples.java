package io.qalibre;

import ai.djl.training.dataset.Dataset;
import io.qalibre.engine.Accuracy;

/** The samples of an automatic quantization, wherever they lie. */
public interface AutoQuantSamples {
  /** What activations' quantizers see of the samples that compute encodings. */
  Calibration calibrate(QuantizationSimModel sim);

  /** The accuracy on the labelled samples that choices are made on. */
  Accuracy evaluate(Evaluable network);

  /** What techniques that go layer by layer see: some hundred samples, on this machine. */
  Dataset layers();

  /**
   * Samples on this machine.
   *
   * @param encodings compute encodings
   * @param layers what techniques that go layer by layer see
   * @param validation labelled, to choose on
   */
  static AutoQuantSamples of(Dataset encodings, Dataset layers, Dataset validation) {
    return new AutoQuantSamples() {
      @Override
      public Calibration calibrate(QuantizationSimModel sim) {
        return sim.calibrate(encodings);
      }

      @Override
      public Accuracy evaluate(Evaluable network) {
        return network.evaluate(validation);
      }

      @Override
      public Dataset layers() {
        return layers;
      }
    };
  }
}
