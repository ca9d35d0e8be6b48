package io.qalibre.ptq;

import ai.djl.training.dataset.Dataset;
import io.qalibre.engine.Runner;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.ptq.OutputRanges.Channels;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/** Sees on samples where the channels of tensors lie, all of them in one pass. */
final class ChannelObservation {
  private final Map<String, double[]> seen = new LinkedHashMap<>();
  private int batches;

  private ChannelObservation() {}

  /**
   * Runs samples through a network.
   *
   * @param verb what is being done, for the progress line and for errors
   * @param graph a float network
   * @param axes the axis of the channels, counted from 0, of each tensor to look at
   * @param samples inputs as the network will see them; labels are not looked at
   * @return by tensor, the mean of each channel over batches, and the smallest and largest value
   * @throws io.qalibre.errors.QalibreException if there is no sample, or one does not fit
   */
  static Map<String, Channels> observe(
      String verb, Graph graph, Map<String, Integer> axes, Dataset samples) {
    ChannelObservation observation = new ChannelObservation();
    Simulation network = Simulation.of(withReductions(graph, axes));
    Runner.forEach(
        verb, network, samples, (outputs, labels) -> observation.add(axes.keySet(), outputs));
    Map<String, Channels> channels = new LinkedHashMap<>();
    axes.keySet().forEach(tensor -> channels.put(tensor, observation.of(tensor)));
    return channels;
  }

  private void add(Iterable<String> tensors, Map<String, Tensor> outputs) {
    batches++;
    for (String tensor : tensors) {
      for (Reduction reduction : Reduction.values()) {
        String name = reduction.of(tensor);
        float[] values = Optional.ofNullable(outputs.get(name)).orElseThrow().floats();
        double[] wide = new double[values.length];
        Arrays.setAll(wide, c -> values[c]);
        seen.merge(name, wide, reduction::merge);
      }
    }
  }

  private Channels of(String tensor) {
    double[] sums = seen(tensor, Reduction.ReduceMean);
    return new Channels(
        list(Arrays.stream(sums).map(sum -> sum / batches).toArray()),
        list(seen(tensor, Reduction.ReduceMin)),
        list(seen(tensor, Reduction.ReduceMax)));
  }

  private double[] seen(String tensor, Reduction reduction) {
    return Optional.ofNullable(seen.get(reduction.of(tensor))).orElseThrow();
  }

  private static List<Double> list(double[] values) {
    return DoubleStream.of(values).boxed().toList();
  }

  /** The network giving out the reductions of each tensor's channels as well. */
  private static Graph withReductions(Graph graph, Map<String, Integer> channelAxes) {
    Map<String, TensorShape> shapes = ShapeInference.infer(graph);
    GraphBuilder builder = graph.toBuilder();
    channelAxes.forEach(
        (tensor, axis) -> {
          TensorShape shape = Optional.ofNullable(shapes.get(tensor)).orElseThrow();
          List<Long> axes =
              LongStream.range(0, shape.rank()).filter(a -> a != axis).boxed().toList();
          Attributes attributes = new Attributes(Map.of("axes", axes, "keepdims", 0L));
          for (Reduction reduction : Reduction.values()) {
            String name = reduction.of(tensor);
            builder
                .node(
                    new OperatorNode(
                        name, reduction.name(), List.of(tensor), List.of(name), attributes))
                .output(new ValueInfo(name, DataType.FLOAT, TensorShape.of(shape.dim(axis))));
          }
        });
    return builder.build();
  }

  /** What is asked of a tensor's channels: ONNX's operators by their names. */
  private enum Reduction {
    ReduceMean,
    ReduceMin,
    ReduceMax;

    String of(String tensor) {
      return tensor + "/" + name();
    }

    double[] merge(double[] one, double[] other) {
      double[] merged = new double[one.length];
      for (int i = 0; i < merged.length; i++) {
        merged[i] =
            switch (this) {
              case ReduceMean -> one[i] + other[i];
              case ReduceMin -> Math.min(one[i], other[i]);
              case ReduceMax -> Math.max(one[i], other[i]);
            };
      }
      return merged;
    }
  }
}
