package io.qalibre.engine;

import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Grids;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The learned form of an encoding, minimum and maximum in float32, and back: the same arithmetic as
 * the training program's, so that what was trained is what is frozen.
 */
final class LearnedRanges {
  private LearnedRanges() {}

  static Tensor min(TensorEncoding encoding) {
    return tensor(encoding, Encoding::min);
  }

  static Tensor max(TensorEncoding encoding) {
    return tensor(encoding, Encoding::max);
  }

  private static Tensor tensor(TensorEncoding encoding, ToDoubleFunction<Encoding> end) {
    float[] values = new float[encoding.grids().size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) end.applyAsDouble(encoding.grids().get(i));
    }
    return Tensor.of(values, values.length);
  }

  /**
   * The graph with it decided which symmetric grids are unsigned: calibration chose by the values
   * it saw, and training keeps the choice.
   */
  static Graph decided(Simulation simulation) {
    Graph graph = simulation.graph();
    return graph.toBuilder()
        .nodes(
            graph.nodes().stream()
                .map(n -> n instanceof QuantizerNode q && q.enabled() ? decided(q, simulation) : n)
                .toList())
        .build();
  }

  private static QuantizerNode decided(QuantizerNode node, Simulation simulation) {
    Symmetry symmetry = node.spec().symmetry();
    boolean signed = simulation.encoding(node.id()).grids().stream().anyMatch(e -> e.offset() < 0);
    return symmetry.unsignedIfPositive() && signed
        ? new QuantizerNode(
            node.id(),
            node.tensor(),
            node.input(),
            node.output(),
            node.spec().withSymmetry(Symmetry.of(true, symmetry.strict(), false)),
            node.placement())
        : node;
  }

  /** The encoding that a learned range stands for. */
  static TensorEncoding encoding(QuantizerSpec spec, float[] min, float[] max) {
    List<Encoding> channels = new ArrayList<>();
    for (int i = 0; i < min.length; i++) {
      channels.add(
          spec.symmetry().symmetric()
              ? symmetric(spec, min[i], max[i])
              : asymmetric(spec, min[i], max[i]));
    }
    return TensorEncoding.ofAxis(spec.axis(), channels);
  }

  private static Encoding asymmetric(QuantizerSpec spec, float min, float max) {
    long steps = (1L << spec.bitwidth()) - 1;
    float scale = scale(spec, min, max, steps);
    long zero = (long) Math.max(0, Math.min((double) steps, Math.rint(-(min / scale))));
    return Encoding.of(scale, -zero, steps, spec.bitwidth(), false);
  }

  private static Encoding symmetric(QuantizerSpec spec, float min, float max) {
    boolean unsigned = spec.symmetry().unsignedIfPositive();
    long steps = (1L << spec.bitwidth()) - 1 - (spec.symmetry().strict() && !unsigned ? 1 : 0);
    long negative = unsigned ? 0 : steps - steps / 2;
    return Encoding.of(scale(spec, min, max, steps), -negative, steps, spec.bitwidth(), true);
  }

  private static float scale(QuantizerSpec spec, float min, float max, long steps) {
    return Math.max(Math.abs(max - min) / steps, (float) Grids.minimumScale(spec.bitwidth()));
  }
}
