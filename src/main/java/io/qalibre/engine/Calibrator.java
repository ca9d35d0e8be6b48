package io.qalibre.engine;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.dataset.Dataset;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Grids;
import io.qalibre.quant.Range;
import io.qalibre.quant.Statistics;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.quant.WeightEncodings;
import java.nio.FloatBuffer;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Finds the encodings of a graph's quantizers, in AIMET's order: parameters first, from their
 * values; then activations, from samples, while parameters are quantized and activations are not.
 * Quantizers that share an id see the tensors of all of them, in ONNX Runtime's order of execution
 * ({@link DepthFirst}).
 *
 * <p>What they have seen is a map of {@link Statistics}, by what {@link #keys} calls them. Its size
 * does not depend on the number of samples, and it is all that a scheme needs: one calibration
 * serves all schemes.
 */
public final class Calibrator {
  private final Graph graph;
  private final Map<String, TensorEncoding> parameters;
  private final Map<String, String> keys;
  private final Map<String, Statistics> statistics;

  private Calibrator(
      Graph graph, Map<String, TensorEncoding> parameters, Map<String, Statistics> earlier) {
    this.graph = graph;
    this.parameters = parameters;
    keys = keys(graph);
    statistics = new LinkedHashMap<>(earlier);
  }

  /**
   * A calibrated graph.
   *
   * @param simulation the graph with its encodings
   * @param statistics what activations' quantizers have seen, by {@link #keys}
   */
  public record Result(Simulation simulation, Map<String, Statistics> statistics) {
    /** Copies the map, keeping its order. */
    public Result {
      statistics = Collections.unmodifiableMap(new LinkedHashMap<>(statistics));
    }
  }

  /**
   * A quantizer that is observed.
   *
   * @param place where the program's results hold what it sees
   */
  private record Observed(QuantizerNode quantizer, int place) {}

  /**
   * Finds all encodings.
   *
   * @param samples inputs as the network will see them; labels are not looked at
   * @throws QalibreException if a parameter or an activation holds NaN or infinity, naming the
   *     tensor, or the samples are empty or do not fit
   */
  public static Result calibrate(Graph graph, Dataset samples) {
    return calibrate(graph, parameters(graph), samples);
  }

  /**
   * Finds the encodings of activations anew, while parameters keep theirs: for networks whose
   * weights' grids were chosen by more than their values.
   *
   * @param simulation a graph with an encoding for each enabled quantizer of a parameter
   * @param samples inputs as the network will see them
   * @throws QalibreException as {@link #calibrate}
   */
  public static Result recalibrate(Simulation simulation, Dataset samples) {
    Graph graph = simulation.graph();
    Map<String, TensorEncoding> kept = new LinkedHashMap<>();
    for (QuantizerNode node : graph.quantizers()) {
      if (needsGrid(node) && node.parameter()) {
        kept.put(node.id(), simulation.encoding(node.id()));
      }
    }
    return calibrate(graph, kept, samples);
  }

  private static Result calibrate(
      Graph graph, Map<String, TensorEncoding> parameters, Dataset samples) {
    Calibrator calibrator = new Calibrator(graph, parameters, Map.of());
    calibrator.observe(samples);
    return new Result(encode(graph, parameters, calibrator.statistics), calibrator.statistics);
  }

  /**
   * Collects what activations' quantizers see.
   *
   * @param samples inputs as the network will see them
   * @param earlier what they have seen before, by {@link #keys}, which is gone on with
   * @throws QalibreException as {@link #calibrate}
   */
  public static Map<String, Statistics> observe(
      Graph graph, Dataset samples, Map<String, Statistics> earlier) {
    return observe(withParameters(graph), samples, earlier);
  }

  /**
   * Collects what activations' quantizers see, with encodings of parameters that are there already:
   * for parts of the samples that are observed apart.
   *
   * @param parameters what {@link #withParameters} gave
   * @param samples inputs as the network will see them
   * @param earlier what they have seen before, by {@link #keys}, which is gone on with
   * @throws QalibreException as {@link #calibrate}
   */
  public static Map<String, Statistics> observe(
      Simulation parameters, Dataset samples, Map<String, Statistics> earlier) {
    Calibrator calibrator = new Calibrator(parameters.graph(), parameters.encodings(), earlier);
    calibrator.observe(samples);
    return Collections.unmodifiableMap(calibrator.statistics);
  }

  /**
   * A graph with the encodings of its parameters only, as it is while activations are observed.
   *
   * @throws QalibreException if a parameter holds NaN or infinity, naming it
   */
  public static Simulation withParameters(Graph graph) {
    return new Simulation(graph, parameters(graph));
  }

  /**
   * The encodings of all quantizers.
   *
   * @param seen what activations' quantizers have seen, by {@link #keys}
   * @throws QalibreException if a parameter holds NaN or infinity, or statistics are missing,
   *     naming them
   */
  public static Simulation encode(Graph graph, Map<String, Statistics> seen) {
    return encode(graph, parameters(graph), seen);
  }

  private static Simulation encode(
      Graph graph, Map<String, TensorEncoding> parameters, Map<String, Statistics> seen) {
    Map<String, TensorEncoding> encodings = new LinkedHashMap<>(parameters);
    Map<String, String> keys = keys(graph);
    List<String> missing =
        keys.values().stream().distinct().filter(key -> !seen.containsKey(key)).toList();
    if (!missing.isEmpty()) {
      throw new QalibreException(
          graph.name()
              + ": the calibration has no statistics of "
              + missing
              + "; it is of another network, or of another placement of quantizers");
    }
    for (QuantizerNode node : graph.quantizers()) {
      if (needsGrid(node) && !node.parameter() && !encodings.containsKey(node.id())) {
        Statistics own = Objects.requireNonNull(seen.get(keys.get(node.id())));
        encodings.put(node.id(), TensorEncoding.perTensor(grid(node, own)));
      }
    }
    return new Simulation(graph, encodings);
  }

  /**
   * What the statistics of activations' quantizers are called: the tensor's name, or for quantizers
   * that share a range the names of all their tensors, such as {@code conv + relu}.
   *
   * @return the names by quantizer id, in order of execution
   */
  public static Map<String, String> keys(Graph graph) {
    Map<String, String> keys = new LinkedHashMap<>();
    for (QuantizerNode node : graph.quantizers()) {
      if (needsGrid(node) && !node.parameter()) {
        keys.merge(node.id(), node.tensor(), (all, next) -> all + " + " + next);
      }
    }
    return keys;
  }

  private static Encoding grid(QuantizerNode node, Statistics seen) {
    try {
      return Grids.grid(seen, node.spec());
    } catch (IllegalArgumentException e) {
      throw unfit(node, e);
    }
  }

  private static QalibreException unfit(QuantizerNode node, IllegalArgumentException cause) {
    return new QalibreException(
        "activation `" + node.tensor() + "` cannot be quantized: " + cause.getMessage(), cause);
  }

  private static Map<String, TensorEncoding> parameters(Graph graph) {
    Map<String, TensorEncoding> encodings = new LinkedHashMap<>();
    for (QuantizerNode node : graph.quantizers()) {
      if (needsGrid(node) && node.parameter()) {
        Tensor value = graph.initializer(node.input());
        try {
          encodings.put(node.id(), WeightEncodings.of(value.floats(), value.sizes(), node.spec()));
        } catch (IllegalArgumentException e) {
          throw new QalibreException(
              "parameter `" + node.tensor() + "` cannot be quantized: " + e.getMessage(), e);
        }
      }
    }
    return encodings;
  }

  private static boolean needsGrid(QuantizerNode node) {
    return node.enabled() && !node.spec().format().floating();
  }

  private void observe(Dataset samples) {
    try (Session session = Session.open(new Simulation(graph, parameters), Mode.OBSERVE)) {
      List<Observed> observed = observed(session);
      new Batches(graph, "calibrate")
          .forEach(
              session,
              samples,
              (manager, inputs, labels) -> batch(session, observed, manager, inputs));
    }
  }

  private void batch(Session session, List<Observed> observed, NDManager manager, NDList inputs) {
    NDList results = session.forward(manager, inputs);
    if (observed.isEmpty()) {
      return;
    }
    float[] bounds = results.get(results.size() - 1).toFloatArray();
    int first = results.size() - 1 - observed.size();
    // Counting takes as long as the network: it has as many cores.
    int threads = JniUtils.getNumThreads();
    for (Observed each : observed) {
      int i = each.place();
      Range range = range(each.quantizer(), bounds[2 * i], bounds[2 * i + 1]);
      FloatBuffer values = results.get(first + i).toByteBuffer(true).asFloatBuffer();
      add(each.quantizer(), range, values, threads);
    }
  }

  private void add(QuantizerNode node, Range range, FloatBuffer values, int threads) {
    String key = Objects.requireNonNull(keys.get(node.id()));
    Statistics before = statistics.getOrDefault(key, new Statistics(range, null));
    try {
      statistics.put(key, before.with(range, values, threads));
    } catch (IllegalArgumentException e) {
      throw unfit(node, e);
    }
  }

  /** In the order in which AIMET's quantizers see their tensors. */
  private List<Observed> observed(Session session) {
    Map<String, Integer> ranks = new HashMap<>();
    DepthFirst.order(graph).forEach(node -> ranks.put(node.name(), ranks.size()));
    List<QuantizerNode> nodes =
        session.source().activations().stream().map(ProgramSource.Activation::quantizer).toList();
    return IntStream.range(0, nodes.size())
        .mapToObj(i -> new Observed(nodes.get(i), i))
        .sorted(Comparator.comparing(o -> ranks.get(o.quantizer().name())))
        .toList();
  }

  private static Range range(QuantizerNode node, float min, float max) {
    if (!Float.isFinite(min) || !Float.isFinite(max)) {
      throw new QalibreException(
          "activation `"
              + node.tensor()
              + "` holds NaN or infinity (range "
              + min
              + " to "
              + max
              + ")");
    }
    return new Range(min, max);
  }
}
