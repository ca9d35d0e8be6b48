package io.qalibre.ptq;

import ai.djl.training.dataset.Dataset;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import java.util.List;
import java.util.Map;

/**
 * Estimates the statistics of batch normalizations anew, in the quantized network: a moving average
 * that was kept while weights changed, or that comes from the float network, is not what the
 * quantized layers give.
 *
 * <p>Each normalization gets the mean over batches of the mean and the variance (over n − 1) of
 * each channel of its input, as AIMET does. Meanwhile all quantizers quantize, and normalizations
 * use the batch's own statistics, so that what comes first in the network does not mislead what
 * comes later. Every batch counts the same, a smaller last one too.
 *
 * <p>Sources: Nagel et al., A White Paper on Neural Network Quantization, 2021 (arXiv 2106.08295),
 * and Nagel et al., Overcoming Oscillations in Quantization-Aware Training, 2022 (arXiv
 * 2203.11086); first Sun et al., Hybrid 8-bit Floating Point Training and Inference for Deep Neural
 * Networks, NeurIPS 2019.
 */
public final class BatchNormReestimation {
  private static final String VERB = "reestimateBatchNorms";

  private BatchNormReestimation() {}

  /**
   * Estimates the statistics of a simulation's batch normalizations.
   *
   * @param simulation a graph with an encoding for each enabled quantizer
   * @param samples inputs as the network will see them, in batches as in a training; labels are not
   *     looked at
   * @throws QalibreException if there is no batch normalization with statistics, they are no
   *     constants of its own, there is no sample, one does not fit, or a batch holds one value a
   *     channel only
   * @throws InterruptedWorkException if the user asked to stop
   */
  public static ReestimatedNorms reestimate(Simulation simulation, Dataset samples) {
    Graph graph = simulation.graph();
    List<LiveNorm> norms = LiveNorm.of(graph);
    if (norms.isEmpty()) {
      throw new QalibreException(
          VERB
              + ": "
              + graph.name()
              + " has no batch normalization with statistics; they are estimated before they are"
              + " folded: call simulate(…) without foldBatchNorms() before it");
    }
    Map<String, Tensor> found =
        BatchStatistics.of(new Batchwise(VERB, samples, 0), simulation, norms);
    Simulation changed =
        new Simulation(graph.withInitializers(found), Biases.encodings(simulation, found));
    return new ReestimatedNorms(
        changed,
        norms.stream()
            .map(norm -> ReestimatedNorms.Norm.of(norm, graph, changed.graph()))
            .toList());
  }
}
