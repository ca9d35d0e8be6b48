package io.qalibre.spark;

import ai.djl.training.dataset.Dataset;
import io.qalibre.analysis.Measure;
import io.qalibre.analysis.VariantScores;
import io.qalibre.engine.Calibrator;
import io.qalibre.engine.Runner;
import io.qalibre.graph.Simulation;
import java.util.List;

/** What is done with the samples of a partition: all that a worker is told. */
sealed interface PartitionWork {
  /**
   * Does it.
   *
   * @param samples the partition's batches in their order, one or more
   * @param partition the partition's place among all, from 0
   * @return a value that travels back; see {@link ValueWriter}
   */
  Object run(Dataset samples, int partition);

  /**
   * Observes activations: gives a map of {@link io.qalibre.quant.Statistics}.
   *
   * @param parameters the graph with the encodings of its parameters
   * @param bins the bins to count in
   */
  record Observe(Simulation parameters, CommonBins bins) implements PartitionWork {
    @Override
    public Object run(Dataset samples, int partition) {
      return Calibrator.observe(parameters, samples, bins.of(partition));
    }
  }

  /** Ranks labels: gives an {@code int[]}, a number a sample. */
  record Rank(Simulation network) implements PartitionWork {
    @Override
    public Object run(Dataset samples, int partition) {
      return Runner.ranks(network, samples);
    }
  }

  /**
   * Judges variants: gives a list of {@link io.qalibre.analysis.BatchSums}, one a batch.
   *
   * @param title what is being done, for errors
   * @param variants the float network first
   * @param measures how answers are judged, one or more
   */
  record Judge(String title, List<Simulation> variants, List<Measure> measures)
      implements PartitionWork {
    /** Copies the lists. */
    public Judge {
      variants = List.copyOf(variants);
      measures = List.copyOf(measures);
    }

    @Override
    public Object run(Dataset samples, int partition) {
      return VariantScores.batches(title, variants, samples, measures);
    }
  }
}
