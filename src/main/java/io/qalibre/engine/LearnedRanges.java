package io.qalibre.engine;

import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Grids;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.List;

/**
 * Encodings of what training has learned: the same float32 arithmetic as the training program's, so
 * that what was trained is what is frozen.
 */
final class LearnedRanges {
  private LearnedRanges() {}

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
        ? node.withSpec(node.spec().withSymmetry(Symmetry.of(true, symmetry.strict(), false)))
        : node;
  }

  /** The encoding that minima and maxima stand for. */
  static TensorEncoding ofEnds(QuantizerSpec spec, float[] min, float[] max) {
    List<Encoding> channels = new ArrayList<>();
    for (int i = 0; i < min.length; i++) {
      channels.add(ofEnds(spec, min[i], max[i]));
    }
    return TensorEncoding.ofAxis(spec.axis(), channels);
  }

  /** The encoding that scales and zero points stand for. */
  static TensorEncoding ofSteps(QuantizerSpec spec, float[] scale, float[] zero) {
    List<Encoding> channels = new ArrayList<>();
    for (int i = 0; i < scale.length; i++) {
      float positive = Math.max(Math.abs(scale[i]), least(spec));
      channels.add(grid(spec, positive, (long) zero[i]));
    }
    return TensorEncoding.ofAxis(spec.axis(), channels);
  }

  private static Encoding grid(QuantizerSpec spec, float scale, long zero) {
    Codes codes = Codes.of(spec);
    boolean symmetric = spec.symmetry().symmetric();
    return Encoding.of(scale, codes.first() - zero, codes.steps(), spec.bitwidth(), symmetric);
  }

  private static Encoding ofEnds(QuantizerSpec spec, float min, float max) {
    long steps = Codes.of(spec).steps();
    float scale = Math.max(Math.abs(max - min) / steps, least(spec));
    double zero = Math.max(0, Math.min((double) steps, Math.rint(-(min / scale))));
    return grid(spec, scale, spec.symmetry().symmetric() ? 0 : (long) zero);
  }

  private static float least(QuantizerSpec spec) {
    return (float) Grids.minimumScale(spec.bitwidth());
  }
}
