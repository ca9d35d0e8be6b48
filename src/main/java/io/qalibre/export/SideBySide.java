package io.qalibre.export;

import io.qalibre.graph.Tensor;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Collects what the simulation and ONNX Runtime, with and without fused kernels, make of the same
 * samples.
 */
final class SideBySide {
  private static final String SIMULATION = "the simulation";
  private static final String UNFUSED = "ONNX Runtime unfused";
  private static final String FUSED = "ONNX Runtime";

  private final OutputComparison simulationToUnfused = new OutputComparison(SIMULATION, UNFUSED);
  private final OutputComparison unfusedToFused = new OutputComparison(UNFUSED, FUSED);
  private final OutputComparison simulationToFused = new OutputComparison(SIMULATION, FUSED);
  private final Classifications bySimulation = new Classifications();
  private final Classifications byUnfused = new Classifications();
  private final Classifications byFused = new Classifications();

  /**
   * Adds a batch.
   *
   * @param simulation the simulation's outputs
   * @param unfused those of ONNX Runtime without optimizations, of the same names
   * @param fused those of ONNX Runtime with all of them
   * @param labels the dataset's labels, which may be none
   */
  void add(
      Map<String, Tensor> simulation,
      Map<String, Tensor> unfused,
      Map<String, Tensor> fused,
      List<Tensor> labels) {
    simulationToUnfused.add(simulation, unfused);
    unfusedToFused.add(unfused, fused);
    simulationToFused.add(simulation, fused);
    bySimulation.add(simulation, labels);
    byUnfused.add(unfused, labels);
    byFused.add(fused, labels);
  }

  /** How far the three are from each other. */
  Verification.Distances distances() {
    return new Verification.Distances(
        simulationToUnfused.agreement(), unfusedToFused.agreement(), simulationToFused.agreement());
  }

  /** How well the three classify, where every batch had labels. */
  Verification.@Nullable Accuracies accuracies() {
    return bySimulation.complete()
        ? new Verification.Accuracies(
            bySimulation.accuracy(), byUnfused.accuracy(), byFused.accuracy())
        : null;
  }
}
