package io.qalibre.qat;

import ai.djl.training.dataset.Dataset;
import io.qalibre.graph.Fingerprint;
import io.qalibre.graph.Simulation;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a checkpoint must agree on to be resumed from, in words. */
final class TrainingKind {
  private TrainingKind() {}

  /**
   * Describes a training.
   *
   * @param start the network it begins with
   * @param samples what it learns from, as {@link #describe} says it
   * @param options how it trains
   */
  static String of(Simulation start, String samples, Training options) {
    Recipe recipe = options.recipe();
    Objective objective = recipe.objective();
    return String.format(
        Locale.ROOT,
        "%s %s with %d quantizers, %d epochs of %s, %s at %s, decay %s, live normalizations"
            + " %s, ranges %s, %s, teacher %s, damping %s, chosen on %s, stop after %d, seed %d",
        start.graph().name(),
        Fingerprint.of(start),
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
        describe(options.selection().samples()),
        options.selection().patience(),
        options.run().seed());
  }

  /** What a dataset says of itself, or its class where it says nothing. */
  static String describe(@Nullable Dataset samples) {
    if (samples == null) {
      return "nothing";
    }
    String text = String.valueOf(samples);
    String name = samples.getClass().getName();
    return text.startsWith(name + "@") ? name : text;
  }
}
