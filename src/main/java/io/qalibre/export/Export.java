package io.qalibre.export;

import ai.djl.training.dataset.Dataset;
import io.qalibre.graph.Simulation;
import io.qalibre.view.Tables;
import io.qalibre.view.Viewable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import tech.tablesaw.api.Table;

/**
 * What {@link Exporter} wrote.
 *
 * @param simulation the simulation that the files are of
 * @param onnx the float network, for the target's converter
 * @param encodings the encodings that go with it
 * @param qdq the network with its quantizers as ONNX operators
 * @param weights files that hold the weights of networks beyond 2 GiB, beside them; mostly none
 */
public record Export(
    Simulation simulation,
    ExportedFile onnx,
    ExportedFile encodings,
    ExportedFile qdq,
    List<ExportedFile> weights)
    implements Viewable {
  /** Copies the list. */
  public Export {
    weights = List.copyOf(weights);
  }

  /** All files that were written. */
  public List<ExportedFile> files() {
    List<ExportedFile> files = new ArrayList<>(List.of(onnx, encodings, qdq));
    files.addAll(weights);
    return files;
  }

  /** A row a file: where it is, what it holds, its size, and what the target does with it. */
  @Override
  public Table table() {
    return Tables.of("Exported files", files())
        .text("file", file -> file.path().toString())
        .text("what", ExportedFile::what)
        .number("KiB", file -> Math.round(10 * file.kibibytes()) / 10.0)
        .text("use", ExportedFile::use)
        .build();
  }

  /**
   * Runs the QDQ file in ONNX Runtime beside the simulation, on the same samples: as it runs by
   * default, and without its optimizations, so that the distance of the two says what may be asked
   * of the simulation.
   *
   * @param samples inputs as the network takes them; without labels the accuracies are left out
   * @return how far they agree, how well they classify, and how large and fast the files are
   * @throws io.qalibre.errors.QalibreException if a file is gone, ONNX Runtime refuses it, or the
   *     samples are empty or do not fit
   * @throws io.qalibre.errors.InterruptedWorkException if the user asked to stop
   */
  public Verification verify(Dataset samples) {
    return new Verifier(this).verify(samples);
  }

  /**
   * Compares every quantized activation of the simulation with what ONNX Runtime makes of the QDQ
   * file, unfused, on the same samples: where the two part, if they do. A few dozen samples are
   * enough; a temporary copy of the file is written and removed.
   *
   * @param samples inputs as the network takes them; labels are not looked at
   * @return a row a tensor, in order of execution
   * @throws io.qalibre.errors.QalibreException if no activation is quantized, the QDQ file is gone,
   *     ONNX Runtime refuses it, or the samples are empty or do not fit
   * @throws io.qalibre.errors.InterruptedWorkException if the user asked to stop
   */
  public LayerVerification verifyLayers(Dataset samples) {
    return new LayerVerifier(this).verify(samples);
  }

  /** Such as {@code out/net.onnx (8,731 KiB), out/net.encodings (70 KiB), …}. */
  @Override
  public String toString() {
    return files().stream()
        .map(f -> String.format(Locale.ROOT, "%s (%,.0f KiB)", f.path(), f.kibibytes()))
        .collect(Collectors.joining(", "));
  }
}
