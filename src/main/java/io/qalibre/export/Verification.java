package io.qalibre.export;

import io.qalibre.engine.Accuracy;
import io.qalibre.errors.QalibreException;
import io.qalibre.view.Viewable;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tech.tablesaw.api.Table;

/**
 * A simulation beside ONNX Runtime, on the same samples. ONNX Runtime runs the QDQ file twice:
 * <em>fused</em>, as it does unless told otherwise, with quantizers and the operators between them
 * made into integer kernels; and <em>unfused</em>, each operator of the file by itself.
 *
 * <p>Floats are added up in another order in each of the three, which moves a value by some 1e-7 of
 * itself, and a code by one where the value lies between two. So the distance of the fused kernels
 * from the unfused operators is what can be asked of a simulation.
 *
 * @param distances how far the outputs are from each other
 * @param accuracies how well they classify, or null where the samples have no labels
 * @param size the files' sizes
 * @param latencies how long ONNX Runtime takes, for a batch of one and for the samples' batches
 */
public record Verification(
    Distances distances, @Nullable Accuracies accuracies, Size size, List<Latency> latencies)
    implements Viewable {
  private static final double TOLERANCE = 3;

  /** Copies the list. */
  public Verification {
    latencies = List.copyOf(latencies);
  }

  /**
   * How far the outputs of two executions are from each other.
   *
   * @param n the number of samples
   * @param top1 the share of samples with the same most likely class, 0 to 100; NaN where the first
   *     output is not N×classes
   * @param largest the largest absolute difference of two outputs
   * @param mean the mean absolute difference
   * @param sqnr the signal-to-quantization-noise ratio in dB, 10·log10(Σ one² / Σ (other − one)²);
   *     infinite where all outputs are equal
   */
  public record Agreement(long n, double top1, double largest, double mean, double sqnr) {}

  /**
   * The three comparisons.
   *
   * @param simulationToUnfused the simulation and ONNX Runtime's unfused operators
   * @param unfusedToFused ONNX Runtime's unfused operators and its fused kernels
   * @param simulationToFused the simulation and ONNX Runtime's fused kernels
   */
  public record Distances(
      Agreement simulationToUnfused, Agreement unfusedToFused, Agreement simulationToFused) {}

  /** How far ONNX Runtime, as it runs unless told otherwise, is from the simulation. */
  public Agreement agreement() {
    return distances.simulationToFused();
  }

  /**
   * How well the three classify the same samples.
   *
   * @param simulation the simulation's accuracy
   * @param unfused that of ONNX Runtime's unfused operators
   * @param runtime that of ONNX Runtime as it runs unless told otherwise
   */
  public record Accuracies(Accuracy simulation, Accuracy unfused, Accuracy runtime) {
    /** ONNX Runtime's top-1 minus the simulation's, in points. */
    public double difference() {
      return runtime.top1() - simulation.top1();
    }

    /** The standard error of {@link #difference()}, in points; the samples are paired. */
    public double standardError() {
      return runtime.pairedStandardError(simulation);
    }
  }

  /**
   * The sizes of the two networks' files.
   *
   * @param floatBytes the float network's
   * @param int8Bytes the QDQ network's
   */
  public record Size(long floatBytes, long int8Bytes) {}

  /**
   * How long ONNX Runtime takes for a batch on two threads: the median of several runs.
   *
   * @param batch the number of samples
   * @param floatMillis the float network, in milliseconds
   * @param int8Millis the QDQ network, in milliseconds
   */
  public record Latency(long batch, double floatMillis, double int8Millis) {}

  /**
   * Whether the two top-1 accuracies differ by no more than two paired standard errors.
   *
   * @throws QalibreException if the samples had no labels
   */
  public boolean withinTwoStandardErrors() {
    if (accuracies == null) {
      throw new QalibreException(
          "accuracies need labels, and the samples verified on have none; verify on labelled ones");
    }
    return Math.abs(accuracies.difference()) <= 2 * accuracies.standardError();
  }

  /**
   * Whether the simulation is as close to ONNX Runtime as ONNX Runtime's kernels are to each other:
   * its SQNR to the unfused operators is at most 3 dB below that of the fused kernels.
   */
  public boolean asCloseAsRuntimeToItself() {
    return distances.simulationToUnfused().sqnr() >= distances.unfusedToFused().sqnr() - TOLERANCE;
  }

  /** A row a measure, with its standard error where it has one. */
  @Override
  public Table table() {
    return VerificationTable.of(this);
  }

  /** The result in a few sentences. */
  @Override
  public String toString() {
    return VerificationText.of(this);
  }
}
