package io.qalibre.engine;

import io.qalibre.graph.Tensor;
import java.util.List;
import java.util.Map;

/** A user's measure of how good a network's answers are. */
@FunctionalInterface
public interface Metric {
  /**
   * Scores a batch.
   *
   * @param outputs the network's outputs by name, each with a leading batch dimension
   * @param labels the dataset's labels, each with a leading batch dimension; empty where it has
   *     none
   * @return one number a sample
   */
  double[] score(Map<String, Tensor> outputs, List<Tensor> labels);
}
