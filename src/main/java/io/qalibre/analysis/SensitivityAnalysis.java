package io.qalibre.analysis;

import ai.djl.training.dataset.Dataset;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds out which layers suffer most from being quantized: each layer's quantizers alone are
 * switched on, and each layer's alone off. Encodings stay as they are. Layers of the network that
 * are not changed by this run once for all.
 */
public final class SensitivityAnalysis {
  private static final String TITLE = "sensitivity";

  private SensitivityAnalysis() {}

  /**
   * Measures all layers. Interrupted, it gives what is known from the batches that are done.
   *
   * @param simulation the simulation, with encodings
   * @param reference the float network it was made from
   * @param samples inputs as the network will see them, some hundreds
   * @param measures how answers are judged, the one that orders layers first; if there is none,
   *     SQNR and, where the samples have labels, top-1
   * @throws io.qalibre.errors.QalibreException if no quantizer is enabled, there is no sample, one
   *     does not fit, or a measure needs labels that are not there
   */
  public static Sensitivity measure(
      Simulation simulation, Graph reference, Dataset samples, List<Measure> measures) {
    return measure(simulation, reference, Scorer.on(samples), measures);
  }

  /**
   * Measures all layers, wherever samples are answered; see {@link #measure(Simulation, Graph,
   * Dataset, List)}.
   *
   * @param scorer answers samples and judges
   */
  public static Sensitivity measure(
      Simulation simulation, Graph reference, Scorer scorer, List<Measure> measures) {
    List<QuantizedLayer> layers = QuantizedLayers.of(TITLE, simulation.graph());
    Switches switches = new Switches(simulation, reference);
    List<Simulation> variants =
        new ArrayList<>(
            List.of(
                switches.floats(), switches.weightsOnly(), switches.activationsOnly(), simulation));
    int first = variants.size();
    layers.forEach(layer -> variants.add(switches.only(layer)));
    layers.forEach(layer -> variants.add(switches.without(layer)));
    VariantScores scores = scorer.score(TITLE, variants, measures);
    List<Sensitivity.Layer> rows = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      QuantizedLayer layer = layers.get(i);
      rows.add(
          new Sensitivity.Layer(
              layer.name(),
              layer.operator(),
              layer.quantizers().stream().map(QuantizerNode::tensor).toList(),
              scores.values().get(first + i),
              scores.values().get(first + layers.size() + i)));
    }
    return new Sensitivity(
        simulation.graph().name(),
        scores.measures(),
        new Sensitivity.Networks(
            scores.values().get(0),
            scores.values().get(1),
            scores.values().get(2),
            scores.values().get(3)),
        rows,
        new Sensitivity.Run(scores.samples(), scores.interrupted()));
  }
}
