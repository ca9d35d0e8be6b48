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
public record VariantScores(
    List<Measure> measures, List<List<Double>> values, long samples, boolean interrupted) {
  /** Copies the lists. */
  public VariantScores {
    measures = List.copyOf(measures);
    values = values.stream().map(List::copyOf).toList();
  }

  /**
   * Measures on this machine.
   *
   * @param measures the measures; where there is none, SQNR, and top-1 too if the samples are a
   *     classifier's and have labels
   * @throws InterruptedWorkException if the user asked to stop before the first batch was done
   */
  static VariantScores of(
      String title, List<Simulation> variants, Dataset samples, List<Measure> measures) {
    Collector collector = new Collector(measures);
    boolean interrupted = false;
    try {
      Variants.forEach(title, variants, samples, collector);
    } catch (InterruptedWorkException e) {
      if (collector.batches.isEmpty()) {
        throw e;
      }
      interrupted = true;
    }
    return total(collector.measures, collector.batches, interrupted);
  }

  /**
   * What measures say of each batch by itself: a part of a whole that {@link #total} adds up.
   *
   * @param title what is being done, for errors
   * @param variants networks with the same nodes and names, the float network first
   * @param samples inputs as the networks take them
   * @param measures the measures, one or more
   * @return the batches in the samples' order
   */
  public static List<BatchSums> batches(
      String title, List<Simulation> variants, Dataset samples, List<Measure> measures) {
    Collector collector = new Collector(measures);
    Variants.forEach(title, variants, samples, collector);
    return collector.batches;
  }

  /**
   * Adds up batches.
   *
   * @param measures the measures that judged them
   * @param batches one or more, in the samples' order, which decides the last bits of the sums
   * @param interrupted whether there would have been more
   */
  public static VariantScores total(
      List<Measure> measures, List<BatchSums> batches, boolean interrupted) {
    BatchSums all = batches.stream().reduce(BatchSums::plus).orElseThrow();
    List<List<Double>> values = new ArrayList<>();
    for (List<Measure.Sums> network : all.sums()) {
      List<Double> own = new ArrayList<>();
      for (int i = 0; i < measures.size(); i++) {
        own.add(measures.get(i).value(network.get(i)));
      }
      values.add(own);
    }
    return new VariantScores(measures, values, all.samples(), interrupted);
  }

  /** How much worse than in floats the answers of a network are by the first measure. */
  double harm(int network) {
    return measures.get(0).harm(values.get(network).get(0), values.get(0).get(0));
  }

  private static final class Collector implements Variants.Answers {
    private final List<BatchSums> batches = new ArrayList<>();
    private final List<List<Measure.Sums>> pending = new ArrayList<>();
    private List<Measure> measures;
    private Map<String, Tensor> reference = Map.of();
    private long samples;

    Collector(List<Measure> measures) {
      this.measures = List.copyOf(measures);
    }

    @Override
    public void answer(int network, Map<String, Tensor> outputs, List<Tensor> labels) {
      if (network == 0) {
        reference = outputs;
        pending.clear();
      }
      Measure.Batch batch = new Measure.Batch(reference, outputs, labels);
      if (measures.isEmpty()) {
        measures = Measure.usual(Top1.fits(batch));
      }
      while (pending.size() <= network) {
        pending.add(List.of());
      }
      pending.set(network, measures.stream().map(measure -> measure.sums(batch)).toList());
    }

    @Override
    public void batchDone(long done) {
      batches.add(new BatchSums(done - samples, pending));
      samples = done;
    }
  }
}
