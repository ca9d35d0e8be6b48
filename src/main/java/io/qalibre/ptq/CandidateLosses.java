package io.qalibre.ptq;

import io.qalibre.graph.Attributes;
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

/**
 * Measures what candidates for weights' grids do to the outputs of their layers. Layers are linear:
 * the error of the output is the layer's answer to the error of the weight. So all candidates of a
 * layer are one layer with many output channels, or a few of them.
 */
final class CandidateLosses {
  /** The most output values a sample that are computed at once: 1 MiB. */
  private static final long VALUES = 1L << 18;

  /** The most weights that one program takes: 128 MiB. */
  private static final long WEIGHTS = 1L << 25;

  private final Batchwise batches;
  private final Simulation simulation;
  private final SequentialMse options;
  private final Map<String, double[][]> losses = new LinkedHashMap<>();

  /**
   * Prepares to measure.
   *
   * @param simulation the network, whose earlier layers have their grids already
   */
  CandidateLosses(Batchwise batches, Simulation simulation, SequentialMse options) {
    this.batches = batches;
    this.simulation = simulation;
    this.options = options;
  }

  /**
   * Some candidates of a layer.
   *
   * @param from the first
   * @param to the one after the last
   */
  private record Part(RangeCandidates candidates, int from, int to) {
    String name() {
      return "loss of " + candidates.layer().name() + " from " + from;
    }

    long weights() {
      return (long) candidates.weight().size() * (to - from);
    }
  }

  /**
   * The losses of layers that do not depend on each other.
   *
   * @return by layer, for each candidate the loss of each output channel
   */
  Map<String, double[][]> of(List<RangeCandidates> layers) {
    Map<String, TensorShape> shapes = ShapeInference.infer(simulation.graph(), 1);
    List<Part> together = new ArrayList<>();
    long weights = 0;
    for (RangeCandidates layer : layers) {
      losses.put(layer.layer().name(), new double[options.candidates()][layer.channels()]);
      String output = layer.layer().node().output();
      long values = Math.max(1, Objects.requireNonNull(shapes.get(output), output).elements());
      long most = Math.min(VALUES / values, WEIGHTS / Math.max(1, layer.weight().size()));
      int step = (int) Math.max(1, Math.min(most, options.candidates()));
      for (int from = 0; from < options.candidates(); from += step) {
        Part part = new Part(layer, from, Math.min(options.candidates(), from + step));
        if (weights > 0 && weights + part.weights() > WEIGHTS) {
          measure(together);
          together.clear();
          weights = 0;
        }
        together.add(part);
        weights += part.weights();
      }
    }
    measure(together);
    return losses;
  }

  private void measure(List<Part> parts) {
    GraphBuilder builder = simulation.graph().toBuilder();
    Map<String, TensorShape> shapes = ShapeInference.infer(simulation.graph());
    for (Part part : parts) {
      OperatorNode node = part.candidates().layer().node();
      String errors = "errors of " + part.name();
      String weight = "weight of " + part.name();
      builder.initializer(weight, part.candidates().errors(part.from(), part.to()));
      builder.node(
          new OperatorNode(
              errors,
              node.type(),
              List.of(node.input(0), weight),
              List.of(errors),
              node.attributes()));
      int rank = Objects.requireNonNull(shapes.get(node.output()), node.output()).rank();
      builder.node(reduction(part, errors, rank));
    }
    batches.forEach(
        new Simulation(builder.build(), simulation.encodings()),
        parts.stream().map(Part::name).toList(),
        outputs -> parts.forEach(part -> add(part, outputs)));
  }

  /** The axes are an attribute: the engine takes it in every version of the operator set. */
  private OperatorNode reduction(Part part, String errors, int rank) {
    int channels = part.candidates().layer().channelAxis(rank);
    List<Long> axes =
        IntStream.range(0, rank).filter(a -> a != channels).mapToObj(a -> (long) a).toList();
    return new OperatorNode(
        part.name(),
        options.loss() == SequentialMse.Loss.L1 ? "ReduceL1" : "ReduceSumSquare",
        List.of(errors),
        List.of(part.name()),
        Attributes.NONE.with("axes", axes).with("keepdims", 0L));
  }

  private void add(Part part, Map<String, Tensor> outputs) {
    float[] found = Objects.requireNonNull(outputs.get(part.name()), part.name()).floats();
    double[][] sums = Objects.requireNonNull(losses.get(part.candidates().layer().name()));
    for (int i = 0; i < found.length; i++) {
      int[] place = part.candidates().place(i, part.to() - part.from());
      sums[part.from() + place[1]][place[0]] += loss(found[i]);
    }
  }

  /** Of the ratio of noise to signal the signal is the same for all candidates. */
  private double loss(float error) {
    return options.loss() == SequentialMse.Loss.SQNR
        ? 10 * Math.log10(Math.max(error, Float.MIN_NORMAL))
        : error;
  }
}
