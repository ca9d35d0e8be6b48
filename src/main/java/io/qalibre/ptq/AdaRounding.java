package io.qalibre.ptq;

import ai.djl.training.dataset.Dataset;
import io.qalibre.engine.Descent;
import io.qalibre.engine.RoundingOptimizer;
import io.qalibre.engine.SamplePrint;
import io.qalibre.engine.UnknownFormException;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Fingerprint;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.progress.Progress;
import io.qalibre.progress.Task;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Rounds weights up or down so that each layer, fed by the network whose weights before it are
 * rounded already, gives what it gives in the float network; the nearest code is often not the
 * best. Activations are not quantized meanwhile. Encodings stay as they are, those of activations
 * too: weights move by less than a step, and what was calibrated with the nearest codes goes on to
 * fit.
 *
 * <p>Source: Nagel et al., Up or Down? Adaptive Rounding for Post-Training Quantization, 2020
 * (arXiv 2004.10568).
 */
public final class AdaRounding {
  private static final String TITLE = "adaRound";
  private static final Set<String> LAYERS = Set.of("Conv", "ConvTranspose", "Gemm", "MatMul");

  /** With more bits a step is so small that float32 hardly holds the codes. */
  private static final int MOST_BITS = 16;

  private final Simulation simulation;
  private final Graph network;
  private final AdaRound options;
  private final Map<String, QuantizerNode> quantizers = new HashMap<>();
  private final Map<String, Tensor> chosen = new LinkedHashMap<>();
  private final List<RoundingReport.Layer> done = new ArrayList<>();

  private AdaRounding(Simulation simulation, Graph network, AdaRound options) {
    this.simulation = simulation;
    this.network = network;
    this.options = options;
    for (QuantizerNode node : simulation.graph().quantizers()) {
      if (node.parameter() && node.enabled() && !node.spec().format().floating()) {
        quantizers.put(node.input(), node);
      }
    }
  }

  /**
   * A simulation with other weights.
   *
   * @param simulation the simulation: each weight that was chosen lies on its grid point exactly
   * @param report what was done
   */
  public record Result(Simulation simulation, RoundingReport report) {}

  /**
   * Rounds all layers with a quantized weight, in the order of the graph. Interrupted, the layers
   * that were done by then are kept, and those behind them stay at the nearest codes.
   *
   * @param simulation the simulation, with encodings
   * @param network the float network that the layers are to follow: the same nodes and names
   * @param samples inputs as the network will see them, some hundreds; labels are not looked at
   * @param options how
   * @throws QalibreException if no layer has a quantized weight, a weight has no encoding or more
   *     than 16 bits, there is no sample, or one does not fit
   */
  public static Result round(
      Simulation simulation, Graph network, Dataset samples, AdaRound options) {
    return new AdaRounding(simulation, network, options).run(samples);
  }

  private Result run(Dataset samples) {
    List<OperatorNode> layers = layers();
    try {
      RoundingCheckpoint checkpoint = checkpoint(samples);
      if (done.size() < layers.size()) {
        round(layers, samples, checkpoint);
      }
    } catch (InterruptedWorkException e) {
      // What is done so far stands; the report says that it is not all.
    }
    Graph changed = simulation.graph().withInitializers(chosen);
    return new Result(
        new Simulation(changed, simulation.encodings()), new RoundingReport(done, layers.size()));
  }

  private void round(
      List<OperatorNode> layers, Dataset samples, @Nullable RoundingCheckpoint checkpoint) {
    OperatorNode last = layers.get(layers.size() - 1);
    try (Task task = Progress.start(TITLE, (long) layers.size() * options.iterations());
        RoundingOptimizer optimizer =
            RoundingOptimizer.open(network, quantized(), samples, last, options.place().memory())) {
      chosen.forEach(optimizer::fix);
      for (int i = done.size(); i < layers.size(); i++) {
        RoundingReport.Layer layer = layer(optimizer, layers.get(i), i, layers.size(), task);
        done.add(layer);
        if (checkpoint != null) {
          checkpoint.add(new RoundingCheckpoint.Done(layer, chosen.get(layer.weight())));
        }
      }
    }
  }

  /** The file that this very work is kept in, whose layers are taken over; null for none. */
  private @Nullable RoundingCheckpoint checkpoint(Dataset samples) {
    Path folder = options.place().checkpoints();
    if (folder == null) {
      return null;
    }
    String kind =
        String.format(
            Locale.ROOT,
            "%s following %s on %s, %d iterations of %d, %s, seed %d",
            Fingerprint.of(simulation),
            Fingerprint.of(Simulation.of(network)),
            SamplePrint.of(network, samples, TITLE),
            options.iterations(),
            options.batch(),
            options.recipe(),
            options.seed());
    String name = Fingerprint.fileName(network.name(), TITLE, kind);
    RoundingCheckpoint checkpoint = RoundingCheckpoint.open(folder.resolve(name));
    for (RoundingCheckpoint.Done layer : checkpoint.done()) {
      done.add(layer.layer());
      if (layer.weight() != null) {
        chosen.put(layer.layer().weight(), layer.weight());
      }
    }
    return checkpoint;
  }

  /** The layers with a quantized weight; of those that share one the first. */
  private List<OperatorNode> layers() {
    Set<String> seen = new HashSet<>();
    List<OperatorNode> layers =
        network.operators().stream()
            .filter(node -> LAYERS.contains(node.type()) && node.hasInput(1))
            .filter(node -> quantizesWeight(node.input(1)) && seen.add(node.input(1)))
            .toList();
    if (layers.isEmpty()) {
      throw new QalibreException(
          "adaRound: `"
              + network.name()
              + "` has no Conv, ConvTranspose, Gemm or MatMul whose weight is quantized to a grid");
    }
    layers.forEach(this::check);
    return layers;
  }

  private boolean quantizesWeight(String tensor) {
    QuantizerNode quantizer = quantizers.get(tensor);
    return quantizer != null
        && quantizer.placement().kind() == QuantizerPlacement.Kind.WEIGHT
        && network.isInitializer(tensor);
  }

  private void check(OperatorNode layer) {
    QuantizerNode quantizer = quantizer(layer);
    if (!simulation.encodings().containsKey(quantizer.id())) {
      throw new QalibreException(
          "adaRound: weight `" + layer.input(1) + "` has no encoding; compute encodings first");
    }
    int bits = simulation.encoding(quantizer.id()).bitwidth();
    if (bits > MOST_BITS) {
      throw new QalibreException(
          "adaRound: weight `%s` has %d bits, where rounding makes no difference; expected 2 to %d"
              .formatted(layer.input(1), bits, MOST_BITS));
    }
  }

  private QuantizerNode quantizer(OperatorNode layer) {
    return java.util.Objects.requireNonNull(quantizers.get(layer.input(1)));
  }

  /** The constants of the quantized network, its weights at the nearest codes for now. */
  private Map<String, Tensor> quantized() {
    Map<String, Tensor> values = new HashMap<>();
    for (String name : network.initializers().keySet()) {
      values.put(name, nearest(name));
    }
    return values;
  }

  /** A constant, at the nearest codes where it is quantized. */
  private Tensor nearest(String name) {
    Tensor value = simulation.graph().initializer(name);
    QuantizerNode quantizer = quantizers.get(name);
    return quantizer == null || value.type() != DataType.FLOAT
        ? value
        : simulation.rounded(quantizer);
  }

  private RoundingReport.Layer layer(
      RoundingOptimizer optimizer, OperatorNode layer, int index, int of, Task task) {
    String weight = layer.input(1);
    Tensor value = simulation.graph().initializer(weight);
    long began = System.nanoTime();
    long before = (long) index * options.iterations();
    String detail = "%s, %d of %d".formatted(layer.name(), index + 1, of);
    task.update(before, detail);
    RoundingReport.Gain gain = RoundingReport.Gain.NONE;
    String note = "";
    try {
      WeightCodes codes = new WeightCodes(value, simulation.encoding(quantizer(layer).id()));
      RoundingOptimizer.Outcome outcome =
          optimizer.optimize(
              layer, codes.soft(), descent(index), i -> task.update(before + i, detail));
      double seconds = (System.nanoTime() - began) / 1e9;
      boolean better = outcome.after() < outcome.before();
      Tensor rounded = better ? codes.rounded(outcome.rounding().alpha()) : nearest(weight);
      chosen.put(weight, rounded);
      optimizer.fix(weight, rounded);
      double after = Math.min(outcome.before(), outcome.after());
      gain = new RoundingReport.Gain(outcome.before(), after, codes.changed(rounded), seconds);
      note = better ? "" : "left at the nearest codes: nothing better was found";
    } catch (UnknownFormException e) {
      note = "left at the nearest codes: " + e.getMessage();
    }
    return new RoundingReport.Layer(layer.name(), weight, value.shape(), gain, note);
  }

  private Descent descent(int index) {
    AdaRound.Recipe recipe = options.recipe();
    Descent.Penalty penalty =
        new Descent.Penalty(
            recipe.regularization(), recipe.warmStart(), recipe.betaFrom(), recipe.betaTo());
    return new Descent(
        options.iterations(),
        options.batch(),
        recipe.learningRate(),
        penalty,
        31 * options.seed() + index);
  }
}
