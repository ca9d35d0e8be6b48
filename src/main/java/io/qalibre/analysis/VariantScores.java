package io.qalibre.analysis;

import ai.djl.training.dataset.Dataset;
import io.qalibre.engine.Variants;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What some measures say of many variants of a network, the first of which is the float network.
 *
 * @param measures the measures
 * @param values for each network a value for each measure
 * @param samples the number of samples that all of them have answered
 * @param interrupted whether the user stopped the work before all samples were
 */
record VariantScores(
    List<Measure> measures, List<List<Double>> values, long samples, boolean interrupted) {

  /**
   * Measures.
   *
   * @param measures the measures; where there is none, SQNR, and top-1 too if the samples are a
   *     classifier's and have labels
   * @throws InterruptedWorkException if the user asked to stop before the first batch was done
   */
  static VariantScores of(
      String title, List<Simulation> variants, Dataset samples, List<Measure> measures) {
    Collector collector = new Collector(variants.size(), measures);
    boolean interrupted = false;
    try {
      Variants.forEach(title, variants, samples, collector);
    } catch (InterruptedWorkException e) {
      if (collector.samples == 0) {
        throw e;
      }
      interrupted = true;
    }
    List<List<Double>> values = collector.tallies.stream().map(Tally::values).toList();
    return new VariantScores(collector.measures, values, collector.samples, interrupted);
  }

  /** How much worse than in floats the answers of a network are by the first measure. */
  double harm(int network) {
    return measures.get(0).harm(values.get(network).get(0), values.get(0).get(0));
  }

  private static final class Collector implements Variants.Answers {
    private final int networks;
    private final List<Tally> tallies = new ArrayList<>();
    private List<Measure> measures;
    private Map<String, Tensor> reference = Map.of();
    private long samples;

    Collector(int networks, List<Measure> measures) {
      this.networks = networks;
      this.measures = List.copyOf(measures);
    }

    @Override
    public void answer(int network, Map<String, Tensor> outputs, List<Tensor> labels) {
      if (network == 0) {
        reference = outputs;
      }
      Measure.Batch batch = new Measure.Batch(reference, outputs, labels);
      if (tallies.isEmpty()) {
        begin(batch);
      }
      tallies.get(network).add(batch);
    }

    private void begin(Measure.Batch batch) {
      if (measures.isEmpty()) {
        measures = Top1.fits(batch) ? List.of(Measure.SQNR, Measure.TOP1) : List.of(Measure.SQNR);
      }
      for (int i = 0; i < networks; i++) {
        tallies.add(new Tally(measures));
      }
    }

    @Override
    public void batchDone(long done) {
      tallies.forEach(Tally::commit);
      samples = done;
    }
  }
}
