package io.qalibre.qat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.loss.Loss;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Net;
import java.util.List;
import org.junit.jupiter.api.Test;

class Criterion_evaluate_Test {
  /** The teacher's logits are twice its input. */
  private static final Graph TEACHER =
      Net.input(3).constant("two", Tensor.scalar(2)).op("y", "Mul", List.of("x", "two")).build("y");

  private static double[] softmax(float[] logits, double temperature) {
    double[] exponentials = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      exponentials[i] = Math.exp(logits[i] / temperature);
      sum += exponentials[i];
    }
    for (int i = 0; i < logits.length; i++) {
      exponentials[i] /= sum;
    }
    return exponentials;
  }

  @Test
  void is_the_weighted_sum_of_both_losses() {
    float[][] x = {{1, -2, 0.5f}, {0, 3, -1}};
    float[][] answers = {{0.3f, 0.1f, -0.7f}, {1, 1.5f, 2}};
    int[] labels = {2, 1};
    double temperature = 3;
    double weight = 0.7;
    double expected = 0;
    for (int n = 0; n < 2; n++) {
      float[] logits = {2 * x[n][0], 2 * x[n][1], 2 * x[n][2]};
      double[] p = softmax(logits, temperature);
      double[] q = softmax(answers[n], temperature);
      double divergence = 0;
      for (int i = 0; i < 3; i++) {
        divergence += p[i] * Math.log(p[i] / q[i]);
      }
      double hard = -Math.log(softmax(answers[n], 1)[labels[n]]);
      expected += (1 - weight) * hard / 2 + weight * temperature * temperature * divergence / 2;
    }

    Distillation teacher = new Distillation(Simulation.of(TEACHER), temperature, weight);
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Criterion criterion =
            new Criterion(new Objective(Loss.softmaxCrossEntropyLoss(), teacher, 0))) {
      NDArray loss =
          criterion.evaluate(
              new NDList(manager.create(x)),
              new NDList(manager.create(labels)),
              new NDList(manager.create(answers)));

      assertThat((double) loss.getFloat()).isCloseTo(expected, within(1e-5));
    }
  }
}
