package io.qalibre;

import ai.djl.training.dataset.Dataset;
import io.qalibre.engine.Accuracy;
import io.qalibre.engine.Metric;
import io.qalibre.engine.Runner;
import io.qalibre.engine.Score;
import io.qalibre.graph.Simulated;
import io.qalibre.graph.Tensor;
import java.util.Map;

/** What can be run and measured: a float network, or a quantized one. */
public sealed interface Evaluable extends Simulated permits Network, QuantizedNetwork {
  /**
   * Runs one batch.
   *
   * @param inputs a tensor for each input, by name, with the batch as its first dimension
   * @return the outputs by name
   * @throws io.qalibre.errors.QalibreException if an input is missing, unknown, or of another shape
   */
  default Map<String, Tensor> run(Map<String, Tensor> inputs) {
    return Runner.run(simulation(), inputs);
  }

  /**
   * Measures a classifier's accuracy.
   *
   * @param samples inputs with class indices as labels
   * @throws io.qalibre.errors.QalibreException if there is no sample, or one does not fit
   */
  default Accuracy evaluate(Dataset samples) {
    return Runner.accuracy(simulation(), samples);
  }

  /**
   * Measures with a metric of the user's own.
   *
   * @param metric gives a number for each sample of a batch
   * @throws io.qalibre.errors.QalibreException if there is no sample, or one does not fit
   */
  default Score evaluate(Dataset samples, Metric metric) {
    return Runner.score(simulation(), samples, metric);
  }
}
