package io.qalibre.export;

import io.qalibre.errors.NearNames;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Judges the entries of a file that belong to no quantizer. */
final class LeftOvers {
  /** How far a scale may lie from the one that follows: it may have been kept in float32. */
  private static final double ROUNDING = 1e-6;

  private final EncodingsFile file;
  private final Graph graph;
  private final Map<String, EncodingsItem> following = new HashMap<>();
  private final Set<String> quantized = new HashSet<>();
  private final Set<String> tensors = new HashSet<>();

  /**
   * Prepares to judge.
   *
   * @param simulation the quantizers with the encodings that were read, as far as they could be
   */
  LeftOvers(EncodingsFile file, Simulation simulation) {
    this.file = file;
    graph = FloatGraph.of(simulation.graph());
    simulation.graph().quantizers().forEach(node -> quantized.add(node.tensor()));
    tensors.addAll(graph.initializers().keySet());
    graph.inputs().forEach(input -> tensors.add(input.name()));
    graph.nodes().forEach(node -> tensors.addAll(node.outputs()));
    EncodingsItems items = new EncodingsItems(known(simulation), true);
    items.parameters().forEach(item -> following.put(item.tensor(), item));
    if (file.version() == EncodingsVersion.V2_0_0) {
      for (ActivationCodes codes : ActivationCodes.values()) {
        items.derived(codes).forEach(item -> following.put(item.tensor(), item));
      }
    }
  }

  /** The simulation with only those quantizers enabled whose encodings are known. */
  private static Simulation known(Simulation simulation) {
    List<Node> nodes = new ArrayList<>();
    for (Node node : simulation.graph().nodes()) {
      boolean unknown =
          node instanceof QuantizerNode quantizer
              && quantizer.enabled()
              && !quantizer.spec().format().floating()
              && !simulation.encodings().containsKey(quantizer.id());
      nodes.add(unknown ? disabled((QuantizerNode) node) : node);
    }
    Graph graph = simulation.graph().toBuilder().nodes(nodes).build();
    return new Simulation(graph, simulation.encodings());
  }

  private static QuantizerNode disabled(QuantizerNode node) {
    return node.switched(false, "no encoding");
  }

  /**
   * What is left over, in words.
   *
   * @param taken the paths of the entries that belong to quantizers
   */
  List<String> problems(Set<String> taken) {
    Map<String, String> problems = new LinkedHashMap<>();
    for (Map<String, EncodingsEntry> section : List.of(file.activations(), file.parameters())) {
      section.forEach(
          (tensor, entry) -> {
            if (!taken.contains(entry.path())) {
              String reason = reason(tensor, entry);
              if (!reason.isEmpty()) {
                problems.put(
                    entry.path(), "left over: `" + tensor + "` (" + entry.path() + ") " + reason);
              }
            }
          });
    }
    return List.copyOf(problems.values());
  }

  /** Whether an entry that belongs to no quantizer is what follows from the others. */
  boolean follows(String tensor, EncodingsEntry entry) {
    return reason(tensor, entry).isEmpty();
  }

  private String reason(String tensor, EncodingsEntry entry) {
    EncodingsItem item = following.get(tensor);
    if (item != null && item.encoding() != null) {
      return difference(item.encoding(), entry);
    }
    if (!tensors.contains(tensor)) {
      return "is no tensor of the network" + NearNames.hint(tensor, tensors);
    }
    return quantized.contains(tensor)
        ? "has no quantizer of that kind that is enabled"
        : "has no quantizer";
  }

  private static String difference(TensorEncoding expected, EncodingsEntry entry) {
    List<Double> scales = entry.numbers().scales();
    if (scales.size() != expected.grids().size()) {
      return "has %d grids, but %d follow from the encodings around it"
          .formatted(scales.size(), expected.grids().size());
    }
    for (int i = 0; i < scales.size(); i++) {
      Encoding grid = expected.grids().get(i);
      double ratio = scales.get(i) / grid.scale();
      if (entry.format().floating()
          || entry.format().bitwidth() != grid.bitwidth()
          || entry.numbers().offsets().get(i) != grid.offset()
          || Math.abs(ratio - 1) > ROUNDING) {
        return "has scale %s, offset %d of %d bits, but scale %s, offset %d of %d bits follow from the encodings around it"
            .formatted(
                scales.get(i),
                entry.numbers().offsets().get(i),
                entry.format().bitwidth(),
                grid.scale(),
                grid.offset(),
                grid.bitwidth());
      }
    }
    return "";
  }
}
