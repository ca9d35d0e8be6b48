package io.qalibre.spark;

import io.qalibre.analysis.BatchSums;
import io.qalibre.analysis.Measure;
import io.qalibre.analysis.Scorer;
import io.qalibre.analysis.VariantScores;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.List;

/**
 * Judges variants of a network on a cluster. Each batch gives its own sums, which are added in the
 * samples' order: floats do not add up to the same in any other.
 *
 * @param cluster runs the tasks
 * @param samples the samples
 */
record SparkScorer(Cluster cluster, SparkSamples samples) implements Scorer {
  private static final int CLASSES_RANK = 2;

  @Override
  public VariantScores score(String title, List<Simulation> variants, List<Measure> measures) {
    List<Measure> judges = measures.isEmpty() ? usual(variants.get(0)) : measures;
    List<BatchSums> batches = new ArrayList<>();
    for (Object part :
        cluster.run(title, samples, new PartitionWork.Judge(title, variants, judges))) {
      if (part != null) {
        ((List<?>) part).forEach(batch -> batches.add((BatchSums) batch));
      }
    }
    return VariantScores.total(judges, batches, false);
  }

  /** SQNR, and top-1 too if samples have labels and the network answers N×classes. */
  private List<Measure> usual(Simulation network) {
    ValueInfo output = network.graph().outputs().get(0);
    boolean classifier = output.type() == DataType.FLOAT && output.shape().rank() == CLASSES_RANK;
    return Measure.usual(samples.labelled() && classifier);
  }
}
