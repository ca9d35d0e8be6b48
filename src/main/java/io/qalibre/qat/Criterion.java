package io.qalibre.qat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import io.qalibre.engine.Inference;
import io.qalibre.errors.QalibreException;
import org.jspecify.annotations.Nullable;

/** The loss of a batch: that on the labels, and that beside a teacher's answers if there is one. */
final class Criterion implements AutoCloseable {
  private final Loss loss;
  private final @Nullable Distillation distillation;
  private final @Nullable Inference teacher;

  Criterion(Objective objective) {
    loss = objective.loss();
    distillation = objective.distillation();
    teacher = distillation == null ? null : Inference.open(distillation.teacher());
  }

  /**
   * The loss.
   *
   * @param inputs the batch
   * @param labels its labels
   * @param answers what the network gives for it
   * @throws QalibreException if the teacher does not take the batch, or answers in another shape
   */
  NDArray evaluate(NDList inputs, NDList labels, NDList answers) {
    NDArray hard = loss.evaluate(labels, answers);
    if (distillation == null || teacher == null) {
      return hard;
    }
    NDArray soft = distance(distillation, teacher.forward(inputs), answers);
    NDArray weight = number(hard, distillation.weight());
    return hard.mul(number(hard, 1 - distillation.weight())).add(soft.mul(weight));
  }

  /**
   * A number that the way back may read: it lives as long as the batch. DJL's own operators with
   * numbers free theirs at once, and a gradient that is a multiple of one is now and then made of
   * what lies there by then. Numbers of double precision would make the sums so, too.
   */
  private static NDArray number(NDArray beside, double value) {
    return beside.getManager().create((float) value);
  }

  /** T² · KL(teacher ‖ network), the mean of the batch. */
  private static NDArray distance(Distillation options, NDList expected, NDList answers) {
    if (expected.size() != 1
        || answers.size() != 1
        || !expected.head().getShape().equals(answers.head().getShape())) {
      throw new QalibreException(
          "distillFrom: the teacher `%s` gives %s, the network %s; expected one output of the same shape"
              .formatted(options.teacher().graph().name(), shapes(expected), shapes(answers)));
    }
    NDArray temperature = number(answers.head(), options.temperature());
    NDArray teacher = expected.head().div(temperature).logSoftmax(-1);
    NDArray student = answers.head().div(temperature).logSoftmax(-1);
    long samples = answers.head().getShape().get(0);
    NDArray divergence = teacher.exp().mul(teacher.sub(student)).sum();
    double squared = options.temperature() * options.temperature();
    return divergence.mul(number(divergence, squared / samples));
  }

  private static String shapes(NDList arrays) {
    return arrays.stream().map(array -> array.getShape().toString()).toList().toString();
  }

  @Override
  public void close() {
    if (teacher != null) {
      teacher.close();
    }
  }
}
