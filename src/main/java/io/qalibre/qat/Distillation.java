package io.qalibre.qat;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Fingerprint;
import io.qalibre.graph.Simulation;

/**
 * Learning from a teacher's answers beside the labels: the loss is (1 − w) · the labels' + w · T² ·
 * KL(p ‖ q), with p and q what a softmax makes of the teacher's and the network's logits divided by
 * T. T² makes up for the gradients that soft answers scale by 1/T². Source: Hinton, Vinyals and
 * Dean, Distilling the Knowledge in a Neural Network, 2015 (arXiv 1503.02531).
 *
 * @param teacher the network whose answers are learned from
 * @param temperature T, above 0: the higher, the more the answers say about the wrong classes
 * @param weight w, in (0, 1]
 */
public record Distillation(Simulation teacher, double temperature, double weight) {
  /** Between the temperatures that the paper finds best for large and for small networks. */
  static final double TEMPERATURE = 4;

  /** The paper gives labels "a considerably lower weight". */
  static final double WEIGHT = 0.9;

  /** Checks the numbers. */
  public Distillation {
    if (!(temperature > 0) || !(weight > 0) || weight > 1) {
      throw new QalibreException(
          "expected a temperature above 0 and a weight in (0, 1], found "
              + temperature
              + " and "
              + weight);
    }
  }

  /** What tells one distillation from another; the teacher by its weights and encodings. */
  @Override
  public String toString() {
    return "%s %s at %s, weight %s"
        .formatted(teacher.graph().name(), Fingerprint.of(teacher), temperature, weight);
  }
}
