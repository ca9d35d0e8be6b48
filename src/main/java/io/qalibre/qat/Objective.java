package io.qalibre.qat;

import ai.djl.training.loss.Loss;
import io.qalibre.errors.QalibreException;
import org.jspecify.annotations.Nullable;

/**
 * What a training makes small.
 *
 * @param loss the loss on the labels
 * @param distillation the teacher that is learned from beside, or null
 * @param damping λ of the term λ·‖clip(w) − Q(w)‖² that keeps weights from jumping between two
 *     codes; it grows from 0 to this along half a cosine; 0 for none
 */
public record Objective(Loss loss, @Nullable Distillation distillation, double damping) {
  /** Checks the number. */
  public Objective {
    if (!(damping >= 0) || Double.isInfinite(damping)) {
      throw new QalibreException("expected a damping of 0 or more, found " + damping);
    }
  }

  /** The loss alone. */
  static Objective of(Loss loss) {
    return new Objective(loss, null, 0);
  }
}
