package io.qalibre.ptq;

import ai.djl.training.dataset.Dataset;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Simulation;
import io.qalibre.progress.Progress;
import io.qalibre.progress.Task;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.TensorEncoding;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Chooses the ranges of weights by the errors that they make in their layers' outputs: sequential
 * MSE, as AIMET calls it. Layers come in order of execution; each is fed what the network gives
 * with the weights before it quantized, and activations not. Independent layers are done at once.
 *
 * <p>Convolutions and matrix products take part; a ConvTranspose keeps the range of its values, as
 * in AIMET.
 */
public final class SequentialMseSearch {
  private static final String VERB = "sequentialMse";
  private static final Set<String> TYPES = Set.of("Conv", "Gemm", "MatMul");

  private final Simulation simulation;
  private final Batchwise batches;
  private final SequentialMse options;
  private final Map<String, TensorEncoding> encodings;
  private final Map<String, ChosenRanges.Layer> layers = new LinkedHashMap<>();

  private SequentialMseSearch(Simulation simulation, Batchwise batches, SequentialMse options) {
    this.simulation = simulation;
    this.batches = batches;
    this.options = options;
    encodings = new LinkedHashMap<>(simulation.encodings());
  }

  /**
   * Chooses the ranges of a simulation's weights.
   *
   * @param simulation a graph with an encoding for each enabled quantizer of a parameter
   * @param samples inputs as the network will see them; labels are not looked at
   * @param options how
   * @throws QalibreException if there is no sample, one does not fit, no layer's weight is
   *     quantized to codes, or one is quantized blockwise
   * @throws InterruptedWorkException if the user asked to stop
   */
  public static ChosenRanges search(Simulation simulation, Dataset samples, SequentialMse options) {
    List<LinearLayer> layers =
        LinearLayer.of(simulation.graph()).stream()
            .filter(l -> l.quantized() && TYPES.contains(l.node().type()))
            .toList();
    if (layers.isEmpty()) {
      throw new QalibreException(
          VERB
              + ": "
              + simulation.graph().name()
              + " has no Conv, Gemm or MatMul whose weight is quantized to codes");
    }
    List<String> blocks =
        layers.stream()
            .filter(l -> spec(l) instanceof Granularity.PerBlock)
            .map(LinearLayer::weight)
            .toList();
    if (!blocks.isEmpty()) {
      throw new QalibreException(
          VERB
              + ": expected weights quantized per tensor or per channel, found blocks in "
              + blocks);
    }
    return new SequentialMseSearch(
            Activations.off(simulation), new Batchwise(VERB, samples, options.memory()), options)
        .search(layers, simulation);
  }

  private static Granularity spec(LinearLayer layer) {
    return Objects.requireNonNull(layer.quantizer()).spec().granularity();
  }

  private ChosenRanges search(List<LinearLayer> all, Simulation original) {
    try (Task task = Progress.start(VERB, all.size())) {
      for (Stage stage : Stage.of(simulation.graph(), all)) {
        int done = layers.size();
        InterruptedWorkException.check(
            () -> "%s stopped after %d of %d layers".formatted(VERB, done, all.size()));
        search(stage);
        task.update(layers.size(), stage.layers().get(0).name());
      }
    }
    return new ChosenRanges(
        new Simulation(original.graph(), encodings),
        all.stream().flatMap(l -> Optional.ofNullable(layers.get(l.name())).stream()).toList());
  }

  private void search(Stage stage) {
    Simulation current = new Simulation(simulation.graph(), encodings);
    batches.advance(current, stage.live());
    List<RangeCandidates> candidates =
        stage.layers().stream()
            .map(
                l ->
                    RangeCandidates.of(
                        l, current.graph().initializer(l.weight()), options.candidates()))
            .toList();
    Map<String, double[][]> losses = new CandidateLosses(batches, current, options).of(candidates);
    for (RangeCandidates layer : candidates) {
      double[][] own = Objects.requireNonNull(losses.get(layer.layer().name()));
      int[] best = layer.best(own);
      encodings.put(Objects.requireNonNull(layer.layer().quantizer()).id(), layer.encoding(best));
      layers.put(layer.layer().name(), row(layer, own, best));
    }
  }

  private ChosenRanges.Layer row(RangeCandidates layer, double[][] losses, int[] best) {
    int n = options.candidates();
    double after = 0;
    double before = 0;
    for (int c = 0; c < layer.channels(); c++) {
      before += losses[n - 1][c];
      after += losses[best[best.length == 1 ? 0 : c]][c];
    }
    return new ChosenRanges.Layer(
        layer.layer().weight(),
        layer.layer().node().type(),
        IntStream.of(best).mapToObj(k -> (k + 1.0) / n).toList(),
        before,
        after);
  }
}
