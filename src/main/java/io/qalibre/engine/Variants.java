package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Dataset;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import java.util.LinkedHashMap;
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
    Graph graph = variants.get(0).graph();
    List<Integer> others = IntStream.range(1, variants.size()).boxed().toList();
    long[] done = {0};
    try (NDManager manager = Programs.newManager();
        VariantRunner runner = new VariantRunner(title, new VariantParts(variants))) {
      return new Batches(graph, title)
          .forEach(
              manager,
              samples,
              variants.size(),
              (scope, inputs, labels, steps) -> {
                Map<String, NDArray> named = new LinkedHashMap<>();
                for (int i = 0; i < inputs.size(); i++) {
                  named.put(graph.inputs().get(i).name(), inputs.get(i));
                }
                List<Tensor> expected = labels.stream().map(Transfer::toTensor).toList();
                long[] answered = {0};
                VariantRunner.Taker taker =
                    (network, outputs) -> {
                      answers.answer(network, outputs, expected);
                      steps.accept(++answered[0]);
                    };
                runner.run(scope, named, List.of(0), taker);
                if (!others.isEmpty()) {
                  runner.run(scope, named, others, taker);
                }
                done[0] += inputs.head().getShape().get(0);
                answers.batchDone(done[0]);
              });
    }
  }
}
