package io.qalibre.analysis;

import ai.djl.training.dataset.Dataset;
import io.qalibre.graph.Simulation;
import java.util.List;

/** Where variants of a network answer samples and are judged: on this machine, or on many. */
@FunctionalInterface
public interface Scorer {
  /**
   * Judges all variants on all samples.
   *
   * @param title what is being done, for the progress line and for errors
   * @param variants networks with the same nodes and names, the float network first
   * @param measures how answers are judged; where there is none, by SQNR, and by top-1 too if the
   *     samples are a classifier's and have labels
   */
  VariantScores score(String title, List<Simulation> variants, List<Measure> measures);

  /** Judges on this machine. */
  static Scorer on(Dataset samples) {
    return (title, variants, measures) -> VariantScores.of(title, variants, samples, measures);
  }
}
