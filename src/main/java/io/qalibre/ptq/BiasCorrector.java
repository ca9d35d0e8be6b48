package io.qalibre.ptq;

import ai.djl.training.dataset.Dataset;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.BatchNormFolding;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.progress.Progress;
import io.qalibre.progress.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Corrects biases: from the bias of each convolution and matrix product the difference is taken
 * between the mean of its output with quantized weights and that of the float network, channel by
 * channel. Layers come in order of execution, so that the later ones see the earlier corrections.
 *
 * <p>A convolution or Gemm without a bias gets one, {@code <node>.bias}. A bias that several
 * operators read, or that is no constant, stays, as does a MatMul with no Add behind it.
 *
 * <p>Source: Nagel et al., 2019 (arXiv 1906.04721), §4.2.
 */
public final class BiasCorrector {
  private static final String VERB = "correctBias";

  private final Simulation simulation;
  private final Batchwise batches;
  private final Map<String, double[]> floating;
  private final ExpectedShift expected;
  private final Map<Biases.Bias, double[]> changes = new LinkedHashMap<>();
  private final Map<String, BiasShifts.Layer> layers = new LinkedHashMap<>();
  private Simulation current;

  private BiasCorrector(
      Simulation simulation,
      Batchwise batches,
      Map<String, double[]> floating,
      ExpectedShift expected,
      boolean activationsQuantized) {
    this.simulation = simulation;
    this.batches = batches;
    this.floating = floating;
    this.expected = expected;
    current = activationsQuantized ? simulation : Activations.off(simulation);
  }

  /**
   * Corrects the biases of a simulation.
   *
   * @param simulation a graph with an encoding for each enabled quantizer
   * @param floating the float network that it was made from
   * @param folded the batch normalizations that were folded into it; read by the analytical
   *     correction only
   * @param samples inputs as the network will see them; labels are not looked at
   * @param options how
   * @throws QalibreException if there is no sample, one does not fit, there is no layer, the float
   *     network is another one, or the analytical correction finds no statistics
   * @throws InterruptedWorkException if the user asked to stop
   */
  public static BiasShifts correct(
      Simulation simulation,
      Graph floating,
      List<BatchNormFolding.Folded> folded,
      Dataset samples,
      BiasCorrection options) {
    Graph graph = simulation.graph();
    List<LinearLayer> layers = LinearLayer.of(graph);
    if (layers.isEmpty()) {
      throw new QalibreException(
          VERB + ": " + graph.name() + " has no convolution and no product with a constant weight");
    }
    if (options.analytical() && folded.isEmpty()) {
      throw new QalibreException(
          VERB
              + ": the analytical correction needs the statistics of batch normalizations, but none"
              + " were folded into "
              + graph.name()
              + "; call foldBatchNorms() before simulate(…), or correct from samples:"
              + " BiasCorrection.EMPIRICAL");
    }
    List<LinearLayer> reference = FloatReference.layers(simulation, floating, layers);
    Map<String, double[]> means =
        ChannelMeans.of(
            new Batchwise(VERB, samples, options.memory()), Simulation.of(floating), reference);
    return new BiasCorrector(
            simulation,
            new Batchwise(VERB, samples, options.memory()),
            means,
            new ExpectedShift(simulation, floating, options.analytical() ? folded : List.of()),
            options.activationsQuantized())
        .correct(layers);
  }

  private BiasShifts correct(List<LinearLayer> all) {
    List<Stage> stages = Stage.of(simulation.graph(), all);
    try (Task task = Progress.start(VERB, all.size())) {
      for (Stage stage : stages) {
        int done = layers.size();
        InterruptedWorkException.check(
            () -> "%s stopped after %d of %d layers".formatted(VERB, done, all.size()));
        correct(stage);
        task.update(layers.size(), stage.layers().get(0).name());
      }
    }
    return new BiasShifts(
        Biases.add(simulation, changes),
        all.stream().flatMap(l -> Optional.ofNullable(layers.get(l.name())).stream()).toList());
  }

  private void correct(Stage stage) {
    Map<String, double[]> analytical = new LinkedHashMap<>();
    stage.layers().forEach(l -> expected.of(l).ifPresent(s -> analytical.put(l.name(), s)));
    List<LinearLayer> measured =
        stage.layers().stream().filter(l -> !analytical.containsKey(l.name())).toList();
    Map<String, double[]> shifts = new LinkedHashMap<>(analytical);
    if (!measured.isEmpty()) {
      batches.advance(current, stage.live());
      ChannelMeans.of(batches, current, measured)
          .forEach((layer, means) -> shifts.put(layer, difference(means, layer)));
    }
    Map<Biases.Bias, double[]> next = new LinkedHashMap<>();
    for (LinearLayer layer : stage.layers()) {
      double[] shift = Objects.requireNonNull(shifts.get(layer.name()));
      Optional<Biases.Bias> bias = Biases.of(simulation.graph(), layer, shift.length);
      bias.ifPresent(b -> next.put(b, Arrays.stream(shift).map(s -> -s).toArray()));
      layers.put(
          layer.name(),
          new BiasShifts.Layer(
              layer.name(),
              layer.node().type(),
              bias.map(Biases.Bias::tensor).orElse(""),
              analytical.containsKey(layer.name()) ? "analytical" : "empirical",
              new ArrayList<>(Arrays.stream(shift).boxed().toList())));
    }
    changes.putAll(next);
    current = Biases.add(current, next);
  }

  private double[] difference(double[] means, String layer) {
    double[] wanted = Objects.requireNonNull(floating.get(layer));
    double[] shift = new double[means.length];
    for (int c = 0; c < shift.length; c++) {
      shift[c] = means[c] - wanted[c];
    }
    return shift;
  }
}
