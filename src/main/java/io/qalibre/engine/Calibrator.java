package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Dataset;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Grids;
import io.qalibre.quant.Histogram;
import io.qalibre.quant.Range;
import io.qalibre.quant.Statistics;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.quant.WeightRanges;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds the encodings of a graph's quantizers, in AIMET's order: parameters first, from their
 * values; then activations, from samples, while parameters are quantized and activations are not.
 */
public final class Calibrator {
  /** How far, in widths of the first batch's range, a histogram reaches beyond its middle. */
  private static final double REACH = 3;

  private final Graph graph;
  private final Map<String, TensorEncoding> encodings = new LinkedHashMap<>();
  private final Map<String, Statistics> statistics = new LinkedHashMap<>();
  private final Map<String, HistogramGrid> grids = new LinkedHashMap<>();

  private Calibrator(Graph graph) {
    this.graph = graph;
  }

  /**
   * A calibrated graph.
   *
   * @param simulation the graph with its encodings
   * @param statistics what each activation's quantizer has seen, by its id
   */
  public record Result(Simulation simulation, Map<String, Statistics> statistics) {
    /** Copies the map, keeping its order. */
    public Result {
      statistics = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(statistics));
    }
  }

  /**
   * Finds all encodings.
   *
   * @param samples inputs as the network will see them; labels are not looked at
   * @throws QalibreException if a parameter or an activation holds NaN or infinity, naming the
   *     tensor, or the samples are empty or do not fit
   */
  public static Result calibrate(Graph graph, Dataset samples) {
    Calibrator calibrator = new Calibrator(graph);
    calibrator.parameters();
    calibrator.observe(samples);
    calibrator.activations();
    return new Result(new Simulation(graph, calibrator.encodings), calibrator.statistics);
  }

  private void parameters() {
    for (QuantizerNode node : graph.quantizers()) {
      if (!node.enabled() || !node.parameter()) {
        continue;
      }
      Tensor value = graph.initializer(node.input());
      List<Range> ranges;
      try {
        ranges = WeightRanges.of(value.floats(), value.sizes(), node.spec().axis());
      } catch (IllegalArgumentException e) {
        throw new QalibreException(
            "parameter `" + node.tensor() + "` cannot be quantized: " + e.getMessage(), e);
      }
      List<Encoding> channels = ranges.stream().map(r -> Grids.grid(r, node.spec())).toList();
      encodings.put(node.id(), new TensorEncoding(node.spec().axis(), channels));
    }
  }

  private void observe(Dataset samples) {
    try (Session session = Session.open(new Simulation(graph, encodings), Mode.OBSERVE)) {
      List<QuantizerNode> observed =
          session.source().activations().stream().map(ProgramSource.Activation::quantizer).toList();
      new Batches(graph, "calibrate")
          .forEach(
              session,
              samples,
              (manager, inputs, labels) -> batch(session, observed, manager, inputs));
    }
  }

  private void batch(
      Session session, List<QuantizerNode> observed, NDManager manager, NDList inputs) {
    NDList results = session.forward(manager, inputs);
    if (observed.isEmpty()) {
      return;
    }
    float[] bounds = results.get(results.size() - 1).toFloatArray();
    double[] edges = new double[2 * observed.size()];
    for (int i = 0; i < observed.size(); i++) {
      Range range = range(observed.get(i), bounds[2 * i], bounds[2 * i + 1]);
      HistogramGrid grid =
          grids.computeIfAbsent(observed.get(i).id(), id -> HistogramGrid.around(range));
      edges[2 * i] = grid.start();
      edges[2 * i + 1] = grid.end();
      merge(observed.get(i), new Statistics(range, null));
    }
    NDArray counts = session.call(manager, "histograms", inputs, edges).get(0);
    count(observed, counts.toFloatArray());
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

  private void count(List<QuantizerNode> observed, float[] counts) {
    for (int i = 0; i < observed.size(); i++) {
      long[] own = new long[ObserverScript.BINS];
      for (int bin = 0; bin < own.length; bin++) {
        own[bin] = (long) counts[i * own.length + bin];
      }
      String id = observed.get(i).id();
      Statistics seen = statistics.get(id);
      HistogramGrid grid = grids.get(id);
      if (seen != null && grid != null) {
        Histogram histogram = new Histogram(grid.start(), grid.width(), own);
        statistics.put(
            id,
            new Statistics(
                seen.range(),
                seen.histogram() == null ? histogram : seen.histogram().merge(histogram)));
      }
    }
  }

  private void merge(QuantizerNode node, Statistics batch) {
    statistics.merge(
        node.id(), batch, (a, b) -> new Statistics(a.range().merge(b.range()), a.histogram()));
  }

  private void activations() {
    for (QuantizerNode node : graph.quantizers()) {
      Statistics seen = statistics.get(node.id());
      if (seen != null) {
        encodings.put(node.id(), TensorEncoding.perTensor(Grids.grid(seen.range(), node.spec())));
      }
    }
  }

  /**
   * The bins of a histogram: three times the first batch's range, zero on an edge.
   *
   * @param start the left edge of the first bin
   * @param width the width of a bin
   */
  private record HistogramGrid(double start, double width) {
    static HistogramGrid around(Range range) {
      double max = range.max() > range.min() ? range.max() : range.min() + 0.01;
      double middle = (range.min() + max) / 2;
      double low = middle - REACH * (middle - range.min());
      double width = REACH * (max - range.min()) / ObserverScript.BINS;
      return new HistogramGrid(Math.floor(low / width) * width, width);
    }

    double end() {
      return start + width * ObserverScript.BINS;
    }
  }
}
