package io.qalibre.export;

import io.qalibre.config.OperatorFamilies;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.op.ParameterSlot;
import io.qalibre.quant.Bounds;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.NumberFormat;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Makes quantizers for the pairs of a QDQ file, and keeps their encodings. */
final class QuantizerRebuilder {
  private static final String RULE = "QDQ file";

  private final Graph file;
  private final Map<String, TensorEncoding> encodings = new LinkedHashMap<>();

  QuantizerRebuilder(Graph file) {
    this.file = file;
  }

  /** The quantizer of a computed tensor, which it reads as {@code input}. */
  QuantizerNode activation(
      Dequantized.Activation pair, String tensor, String input, String output) {
    Node producer = file.producer(pair.source()).orElse(null);
    String operator = producer instanceof OperatorNode node ? node.type() : "input";
    return node(
        new QuantizerPlacement(Kind.ACTIVATION, operator, true, RULE),
        pair.encoding(),
        tensor,
        input,
        output);
  }

  /** The quantizer of a constant: of a parameter, if an operator has it as one. */
  QuantizerNode constant(Dequantized.Constant constant, String tensor, String output) {
    return node(placement(constant), constant.encoding(), tensor, tensor, output);
  }

  /**
   * The simulation.
   *
   * @param graph the graph with the quantizers
   * @return with quantizers disabled that give a tensor the grid it has
   */
  Simulation simulation(Graph graph) {
    ActivationGrids grids = new ActivationGrids(new Simulation(graph, encodings));
    Map<String, TensorEncoding> needed = new LinkedHashMap<>(encodings);
    List<Node> nodes = new ArrayList<>();
    for (Node node : graph.nodes()) {
      if (node instanceof QuantizerNode quantizer
          && grids.grid(quantizer.input()).isPresent()
          && grids.grid(quantizer.input()).equals(grids.grid(quantizer.output()))) {
        needed.remove(quantizer.id());
        nodes.add(disabled(quantizer));
      } else {
        nodes.add(node);
      }
    }
    return new Simulation(graph.toBuilder().nodes(nodes).build(), needed);
  }

  private static QuantizerNode disabled(QuantizerNode quantizer) {
    String because = RULE + ": grid-preserving " + quantizer.placement().operator();
    return quantizer.switched(false, because);
  }

  private QuantizerNode node(
      QuantizerPlacement placement,
      TensorEncoding encoding,
      String tensor,
      String input,
      String output) {
    encodings.put(tensor, encoding);
    QuantizerSpec spec =
        new QuantizerSpec(
            NumberFormat.integer(encoding.bitwidth()),
            QuantScheme.MIN_MAX,
            symmetry(encoding.first()),
            encoding.granularity(),
            Bounds.NONE);
    return new QuantizerNode(tensor, tensor, input, output, spec, placement);
  }

  private static Symmetry symmetry(Encoding grid) {
    boolean strict = grid.steps() % 2 == 0;
    return Symmetry.of(grid.symmetric(), strict, false);
  }

  private QuantizerPlacement placement(Dequantized.Constant constant) {
    String first = "";
    for (Node reader : file.consumers(constant.output())) {
      OperatorNode node = (OperatorNode) reader;
      ParameterSlot slot = slot(node, constant.output());
      if (slot != null) {
        Kind kind = slot.kind().equals("bias") ? Kind.BIAS : Kind.WEIGHT;
        return new QuantizerPlacement(kind, node.type(), true, RULE);
      }
      first = first.isEmpty() ? node.type() : first;
    }
    // Data have one grid: with several it is a weight on its way to an operator.
    Kind kind = constant.encoding().grids().size() > 1 ? Kind.WEIGHT : Kind.ACTIVATION;
    return new QuantizerPlacement(kind, first, true, RULE);
  }

  private static @Nullable ParameterSlot slot(OperatorNode node, String tensor) {
    Map<Integer, ParameterSlot> slots = OperatorFamilies.parameters(node);
    return IntStream.range(0, node.inputs().size())
        .filter(i -> node.input(i).equals(tensor))
        .mapToObj(slots::get)
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }
}
