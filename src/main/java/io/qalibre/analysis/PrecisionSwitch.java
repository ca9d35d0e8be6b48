package io.qalibre.analysis;

import io.qalibre.engine.Calibrator;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Grids;
import io.qalibre.quant.NumberFormat;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Statistics;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.quant.WeightEncodings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Gives groups of layers other bits. Where a quantizer has these bits already, all stays as it is;
 * otherwise its grid is found anew, that of a weight from the float weight, that of an activation
 * from what its calibration saw.
 */
final class PrecisionSwitch {
  private final Simulation simulation;
  private final Graph reference;
  private final Map<String, Statistics> statistics;
  private final Map<String, String> keys;
  private final Map<Wanted, TensorEncoding> known = new HashMap<>();

  private record Wanted(String id, int bits) {}

  /**
   * Prepares to switch.
   *
   * @param reference the float network
   * @param statistics what activations' quantizers have seen, by {@link Calibrator#keys}
   */
  PrecisionSwitch(Simulation simulation, Graph reference, Map<String, Statistics> statistics) {
    this.simulation = simulation;
    this.reference = reference;
    this.statistics = statistics;
    keys = Calibrator.keys(simulation.graph());
  }

  /** The simulation with the bits chosen. */
  Simulation with(Map<PrecisionGroup, Precision> chosen) {
    Map<String, Integer> bits = new HashMap<>();
    chosen.forEach(
        (group, precision) -> {
          group.weights().forEach(name -> bits.put(name, precision.weightBits()));
          group.activations().forEach(name -> bits.put(name, precision.activationBits()));
        });
    Map<String, TensorEncoding> encodings = new LinkedHashMap<>(simulation.encodings());
    Map<String, Tensor> constants = new HashMap<>();
    List<Node> nodes = new ArrayList<>();
    for (Node node : simulation.graph().nodes()) {
      nodes.add(node);
      if (node instanceof QuantizerNode quantizer
          && bits.getOrDefault(node.name(), bitwidth(quantizer)) != bitwidth(quantizer)) {
        QuantizerNode changed = changed(quantizer, bits.getOrDefault(node.name(), 0));
        nodes.set(nodes.size() - 1, changed);
        encodings.put(changed.id(), encoding(changed));
        if (simulation.graph().isInitializer(changed.input())) {
          constants.put(changed.input(), floats(changed.input()));
        }
      }
    }
    Graph graph = simulation.graph().toBuilder().nodes(nodes).build().withInitializers(constants);
    return new Simulation(graph, encodings);
  }

  private static int bitwidth(QuantizerNode quantizer) {
    return quantizer.spec().bitwidth();
  }

  private static QuantizerNode changed(QuantizerNode node, int bits) {
    NumberFormat format = NumberFormat.integer(bits).withRounding(node.spec().format().rounding());
    return node.withSpec(node.spec().withFormat(format))
        .switched(true, node.placement().rule() + "; mixedPrecision");
  }

  private TensorEncoding encoding(QuantizerNode node) {
    return known.computeIfAbsent(
        new Wanted(node.id(), bitwidth(node)), wanted -> found(node, node.spec()));
  }

  private TensorEncoding found(QuantizerNode node, QuantizerSpec spec) {
    if (simulation.graph().isInitializer(node.input())) {
      Tensor value = floats(node.input());
      return WeightEncodings.of(value.floats(), value.sizes(), spec);
    }
    Statistics seen = statistics.get(keys.get(node.id()));
    if (seen == null) {
      throw new QalibreException(
          ("mixedPrecision: activation `%s` cannot get %d bits: its encoding was not computed from"
                  + " samples")
              .formatted(node.tensor(), bitwidth(node)));
    }
    return TensorEncoding.perTensor(Grids.grid(seen, spec));
  }

  /** A constant as the float network has it. */
  private Tensor floats(String constant) {
    Tensor own = simulation.graph().initializer(constant);
    Tensor other = reference.initializers().get(constant);
    return other != null && other.shape().equals(own.shape()) ? other : own;
  }

  /** The names of the quantizer nodes of a group. */
  static Set<String> quantizers(PrecisionGroup group) {
    Set<String> names = new java.util.HashSet<>(group.weights());
    names.addAll(group.activations());
    return names;
  }
}
