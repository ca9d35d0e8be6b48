package io.qalibre.ptq;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/** Means of layers' outputs, channel by channel, over all samples and positions. */
final class ChannelMeans {
  private static final String MEAN = "mean of ";
  private static final String SHAPE = "shape of ";

  private ChannelMeans() {}

  /**
   * Measures layers' outputs, with their biases, before anything else happens to them.
   *
   * @return the mean of each channel, by the layer's name
   */
  static Map<String, double[]> of(
      Batchwise samples, Simulation simulation, List<LinearLayer> layers) {
    Simulation measured =
        new Simulation(withMeans(simulation.graph(), layers), simulation.encodings());
    List<String> wanted = new ArrayList<>();
    layers.forEach(l -> wanted.addAll(List.of(MEAN + l.name(), SHAPE + l.name())));
    Map<String, double[]> sums = new LinkedHashMap<>();
    Map<String, Long> counts = new LinkedHashMap<>();
    samples.forEach(
        measured,
        wanted,
        outputs -> {
          for (LinearLayer layer : layers) {
            float[] means = get(outputs, MEAN + layer.name()).floats();
            long elements = 1;
            for (long size : get(outputs, SHAPE + layer.name()).longs()) {
              elements *= size;
            }
            long each = elements / means.length;
            double[] sum = sums.computeIfAbsent(layer.name(), k -> new double[means.length]);
            for (int c = 0; c < sum.length; c++) {
              sum[c] += (double) means[c] * each;
            }
            counts.merge(layer.name(), each, Long::sum);
          }
        });
    sums.forEach(
        (layer, sum) -> {
          long count = Objects.requireNonNull(counts.get(layer));
          for (int c = 0; c < sum.length; c++) {
            sum[c] /= count;
          }
        });
    return sums;
  }

  private static Tensor get(Map<String, Tensor> outputs, String name) {
    return Objects.requireNonNull(outputs.get(name), name);
  }

  /** The axes are an attribute: the engine takes it in every version of the operator set. */
  private static Graph withMeans(Graph graph, List<LinearLayer> layers) {
    Map<String, TensorShape> shapes = ShapeInference.infer(graph);
    GraphBuilder builder = graph.toBuilder();
    for (LinearLayer layer : layers) {
      String output = Biases.last(graph, layer).output();
      int rank = Objects.requireNonNull(shapes.get(output), output).rank();
      List<Long> axes =
          IntStream.range(0, rank)
              .filter(axis -> axis != layer.channelAxis(rank))
              .mapToObj(axis -> (long) axis)
              .toList();
      Attributes over = Attributes.NONE.with("axes", axes).with("keepdims", 0L);
      builder.node(operator(MEAN + layer.name(), "ReduceMean", output, over));
      builder.node(operator(SHAPE + layer.name(), "Shape", output, Attributes.NONE));
    }
    return builder.build();
  }

  private static OperatorNode operator(String name, String type, String input, Attributes how) {
    return new OperatorNode(name, type, List.of(input), List.of(name), how);
  }
}
