package io.qalibre;

import ai.djl.training.dataset.Dataset;
import io.qalibre.analysis.LayerComparison;
import io.qalibre.analysis.LayerErrors;
import io.qalibre.analysis.Measure;
import io.qalibre.analysis.QuantizerRanges;
import io.qalibre.analysis.Sensitivity;
import io.qalibre.analysis.SensitivityAnalysis;
import io.qalibre.engine.Calibrator;
import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulated;
import io.qalibre.quant.Histogram;
import io.qalibre.quant.Statistics;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tech.tablesaw.api.Table;

/** What can be asked of a quantized network: its grids, what they saw, and what they cost. */
public sealed interface Inspectable extends Simulated permits QuantizedNetwork {
  /** What the activations' quantizers have seen; empty where the encodings come from a file. */
  Calibration calibration();

  /**
   * The float network that this one is to be like: the one it was made from, or after training what
   * has been learned.
   */
  Graph floats();

  /**
   * A row a tensor that is quantized to a grid; of several channels the outermost range and the
   * largest scale. Tensors in float16 have no grid.
   */
  default Table encodings() {
    return EncodingTables.all(simulation());
  }

  /**
   * A row a channel of one tensor.
   *
   * @param tensor the tensor's name
   * @throws UnknownNameException if no quantizer of that name is enabled
   */
  default Table encodings(String tensor) {
    return EncodingTables.channels(tensor, simulation().encoding(quantizer(tensor).id()));
  }

  /**
   * The values that an activation's quantizer saw while the encodings were computed, with its
   * thresholds.
   *
   * @param tensor the tensor's name
   * @throws UnknownNameException if no quantizer of that name is enabled
   * @throws QalibreException if its encodings were not computed from samples: parameters, and
   *     encodings from a file
   */
  default TensorHistogram histogram(String tensor) {
    String known = quantizer(tensor).tensor();
    return histograms().stream()
        .filter(histogram -> histogram.tensor().equals(known))
        .findFirst()
        .orElseThrow(
            () ->
                new QalibreException(
                    "no histogram of `"
                        + tensor
                        + "`: only activations whose encodings were computed from samples, not all"
                        + " of them zero, have one"));
  }

  /**
   * The values that activations' quantizers saw while the encodings were computed, in the order of
   * the network; those that saw none, and those that saw zeros only, have none.
   */
  default List<TensorHistogram> histograms() {
    Map<String, String> keys = Calibrator.keys(simulation().graph());
    List<TensorHistogram> histograms = new ArrayList<>();
    for (QuantizerNode node : simulation().graph().quantizers()) {
      Statistics seen = calibration().statistics().get(keys.getOrDefault(node.id(), ""));
      Histogram histogram = seen == null ? null : seen.histogram();
      TensorEncoding encoding = simulation().encodings().get(node.id());
      if (node.enabled() && histogram != null && encoding != null) {
        histograms.add(new TensorHistogram(node.tensor(), histogram, encoding.first()));
      }
    }
    return histograms;
  }

  private QuantizerNode quantizer(String tensor) {
    List<QuantizerNode> enabled =
        simulation().graph().quantizers().stream().filter(QuantizerNode::enabled).toList();
    return enabled.stream()
        .filter(q -> q.tensor().equals(tensor))
        .findFirst()
        .orElseThrow(
            () ->
                new UnknownNameException(
                    "quantized tensor",
                    tensor,
                    simulation().graph().name(),
                    enabled.stream().map(QuantizerNode::tensor).toList()));
  }

  /**
   * Finds out which layers suffer most from being quantized: each layer's quantizers alone are
   * switched on, then each layer's alone off, with the encodings there are. Answers are judged by
   * the ratio of signal to noise of the outputs, and by top-1 too where the samples have labels.
   * Interrupting the cell gives what the batches that are done say.
   *
   * @param samples inputs as the network will see them, some hundreds
   * @param measures how answers are judged, if otherwise, such as {@code Measure.KL} or {@code
   *     Measure.of("F1", metric)}; the first one orders layers
   * @throws QalibreException if no quantizer is enabled, there is no sample, one does not fit, or a
   *     measure needs labels that are not there
   */
  default Sensitivity sensitivity(Dataset samples, Measure... measures) {
    return SensitivityAnalysis.measure(simulation(), floats(), samples, List.of(measures));
  }

  /**
   * Compares what the quantized tensors hold with what they hold in the float network, along the
   * network.
   *
   * @param samples inputs as the network will see them, some dozens; labels are not looked at
   * @throws QalibreException if no quantizer is enabled, there is no sample, or one does not fit
   */
  default LayerErrors layerErrors(Dataset samples) {
    return LayerComparison.compare(simulation(), floats(), samples);
  }

  /** The smallest and largest values of all that is quantized, beside the ends of the grids. */
  default QuantizerRanges ranges() {
    return QuantizerRanges.of(simulation(), calibration().statistics());
  }
}
