package io.qalibre.qat;

import io.qalibre.graph.Simulation;
import java.util.Locale;

/** What a checkpoint must agree on to be resumed from, in words. */
final class TrainingKind {
  private TrainingKind() {}

  /**
   * Describes a training.
   *
   * @param start the network it begins with
   * @param samples the samples of a pass
   * @param options how it trains
   */
  static String of(Simulation start, long samples, Training options) {
    Recipe recipe = options.recipe();
    Objective objective = recipe.objective();
    return String.format(
        Locale.ROOT,
        "%s with %d quantizers, %d epochs of %d samples, %s at %s, decay %s, live normalizations"
            + " %s, ranges %s, %s, teacher %s, damping %s, stop after %d, seed %d",
        start.graph().name(),
        start.encodings().size(),
        options.epochs(),
        samples,
        recipe.method(),
        options.schedule(),
        recipe.weightDecay(),
        recipe.liveNorms(),
        recipe.ranges(),
        objective.loss().getName(),
        objective.distillation(),
        objective.damping(),
        options.selection().patience(),
        options.run().seed());
  }
}
