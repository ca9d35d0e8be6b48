package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Dataset;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Runs many networks that differ in few places on the same samples. They are cut into stretches at
 * the places where they differ ({@link VariantParts}), each stretch is compiled once for each form
 * that it has, and on each batch a stretch runs once for all networks that are alike up to its end.
 * So a network costs what lies behind its first difference, and no compilation of its own.
 */
public final class Variants {
  private Variants() {}

  /** What is done with the networks' answers. */
  public interface Answers {
    /**
     * Takes a batch's answers of one network; of each batch the first network answers first.
     *
     * @param network its place in the list
     * @param outputs the outputs by name
     * @param labels the dataset's labels
     */
    void answer(int network, Map<String, Tensor> outputs, List<Tensor> labels);

    /**
     * All networks have answered a batch.
     *
     * @param samples how many samples they have answered by now
     */
    void batchDone(long samples);
  }

  /**
   * Runs all networks on all samples.
   *
   * @param title what is being done, for the progress line and for errors
   * @param variants networks with the same nodes and names, one or more
   * @param samples inputs as the networks take them
   * @param answers takes their answers
   * @return the number of samples, at least 1
   * @throws QalibreException if there is no sample, or one does not fit
   * @throws InterruptedWorkException if the user asked to stop; the batches that were done by then
   *     have been answered
   */
  public static long forEach(
      String title, List<Simulation> variants, Dataset samples, Answers answers) {
    return forEach(title, variants, samples, Long.MAX_VALUE, answers);
  }

  /**
   * Runs all networks on all samples, a few at a time.
   *
   * @param title what is being done, for the progress line and for errors
   * @param variants networks with the same nodes and names, one or more
   * @param samples inputs as the networks take them
   * @param most how many samples run at once; larger batches are cut
   * @param answers takes their answers
   * @return the number of samples, at least 1
   * @throws QalibreException if there is no sample, or one does not fit
   * @throws InterruptedWorkException if the user asked to stop; the batches, or the parts of them,
   *     that were done by then have been answered
   */
  public static long forEach(
      String title, List<Simulation> variants, Dataset samples, long most, Answers answers) {
    Graph graph = variants.get(0).graph();
    long[] done = {0};
    try (NDManager manager = Programs.newManager();
        VariantRunner runner = new VariantRunner(title, new VariantParts(variants))) {
      return new Batches(graph, title)
          .forEach(
              manager,
              samples,
              variants.size(),
              (scope, inputs, labels, steps) -> {
                long before = done[0];
                for (BatchSlice slice : BatchSlice.of(graph, inputs, labels, most)) {
                  long finished = variants.size() * (done[0] - before);
                  long[] answered = {0};
                  run(
                      runner,
                      slice,
                      (network, outputs) -> {
                        answers.answer(network, outputs, slice.labels());
                        long passes = finished + ++answered[0] * slice.samples();
                        steps.accept(passes / inputs.head().getShape().get(0));
                      });
                  done[0] += slice.samples();
                  answers.batchDone(done[0]);
                }
              });
    }
  }

  private static void run(VariantRunner runner, BatchSlice slice, VariantRunner.Taker taker) {
    try (NDManager scope = slice.newManager()) {
      Map<String, NDArray> inputs = slice.inputs(scope);
      runner.run(scope, inputs, List.of(0), taker);
      List<Integer> others = IntStream.range(1, runner.networks()).boxed().toList();
      if (!others.isEmpty()) {
        runner.run(scope, inputs, others, taker);
      }
    }
  }
}
