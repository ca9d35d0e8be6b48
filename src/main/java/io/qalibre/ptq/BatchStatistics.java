package io.qalibre.ptq;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The mean over batches of what batch normalizations see of each batch, while they normalize with
 * the batch's own statistics. Tensors that several of them read get the mean over all.
 */
final class BatchStatistics {
  private static final String MEAN = "mean before ";
  private static final String VARIANCE = "variance before ";
  private static final String SHAPE = "shape before ";
  private static final String RESET = "statistics reset of ";

  private final List<LiveNorm> norms;
  private final Map<String, double[]> sums = new LinkedHashMap<>();
  private final Map<String, Integer> counts = new LinkedHashMap<>();

  private BatchStatistics(List<LiveNorm> norms) {
    this.norms = norms;
  }

  /**
   * Measures means, and variances as they are estimated from a batch (over n − 1).
   *
   * @return the values by the tensors that hold them
   * @throws QalibreException if a batch holds one value a channel only
   */
  static Map<String, Tensor> of(Batchwise samples, Simulation simulation, List<LiveNorm> norms) {
    BatchStatistics statistics = new BatchStatistics(norms);
    Simulation training =
        new Simulation(training(simulation.graph(), norms), simulation.encodings());
    List<String> wanted =
        norms.stream()
            .map(LiveNorm::name)
            .flatMap(n -> List.of(MEAN + n, VARIANCE + n, SHAPE + n).stream())
            .toList();
    samples.forEach(training, wanted, statistics::add);
    return statistics.means(simulation.graph());
  }

  /**
   * The graph with normalizations that train and give out the batch's statistics. The old ones, of
   * which nothing is kept, are replaced: they may be anything, NaN as well.
   */
  private static Graph training(Graph graph, List<LiveNorm> norms) {
    Map<String, LiveNorm> byName = new LinkedHashMap<>();
    norms.forEach(norm -> byName.put(norm.name(), norm));
    GraphBuilder builder = graph.toBuilder().nodes(List.<Node>of());
    for (Node node : graph.nodes()) {
      LiveNorm norm = byName.get(node.name());
      if (norm == null) {
        builder.node(node);
        continue;
      }
      OperatorNode live = norm.node();
      String reset = RESET + norm.name();
      builder
          .initializer(reset, Tensor.of(new float[norm.channels(graph)], norm.channels(graph)))
          .node(shape(norm))
          .node(
              new OperatorNode(
                  live.name(),
                  live.type(),
                  List.of(live.input(0), live.input(1), live.input(2), reset, reset),
                  List.of(live.output(), MEAN + norm.name(), VARIANCE + norm.name()),
                  live.attributes().with("training_mode", 1L).with("momentum", 0f)));
    }
    return builder.build();
  }

  private static OperatorNode shape(LiveNorm norm) {
    String name = SHAPE + norm.name();
    return new OperatorNode(
        name, "Shape", List.of(norm.node().input(0)), List.of(name), Attributes.NONE);
  }

  private void add(Map<String, Tensor> outputs) {
    for (LiveNorm norm : norms) {
      float[] means = get(outputs, MEAN + norm.name()).floats();
      float[] variances = get(outputs, VARIANCE + norm.name()).floats();
      long elements = 1;
      for (long size : get(outputs, SHAPE + norm.name()).longs()) {
        elements *= size;
      }
      long n = elements / means.length;
      if (n < 2) {
        throw new QalibreException(
            ("batch normalization `%s`: expected two values a channel or more in each batch, found"
                    + " %d: choose larger batches, and a number of samples that leaves no rest")
                .formatted(norm.name(), n));
      }
      add(norm.mean(), means, 1);
      add(norm.variance(), variances, (double) n / (n - 1));
    }
  }

  private void add(String tensor, float[] values, double factor) {
    double[] sum = sums.computeIfAbsent(tensor, t -> new double[values.length]);
    for (int c = 0; c < sum.length; c++) {
      sum[c] += factor * values[c];
    }
    counts.merge(tensor, 1, Integer::sum);
  }

  private Map<String, Tensor> means(Graph graph) {
    Map<String, Tensor> means = new LinkedHashMap<>();
    sums.forEach(
        (tensor, sum) -> {
          int count = Objects.requireNonNull(counts.get(tensor));
          float[] values = new float[sum.length];
          for (int c = 0; c < values.length; c++) {
            values[c] = (float) (sum[c] / count);
          }
          means.put(tensor, Tensor.of(values, graph.initializer(tensor).sizes()));
        });
    return means;
  }

  private static Tensor get(Map<String, Tensor> outputs, String name) {
    return Objects.requireNonNull(outputs.get(name), name);
  }
}
