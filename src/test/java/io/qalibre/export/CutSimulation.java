package io.qalibre.export;

import io.qalibre.engine.Runner;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A simulation cut in pieces: each is fed the values that a real batch has there, so that none sees
 * what those before it did. All pieces, side by side, are one simulation.
 *
 * @param whole the simulation before it was cut
 * @param pieces the pieces; their outputs are quantized tensors
 * @param sources for each input of the pieces the tensor of the whole whose values it is fed
 */
record CutSimulation(Simulation whole, Simulation pieces, Map<String, String> sources) {
  private static final String FED = "_fed";

  /** Each quantizer of an activation by itself, fed the values that it quantizes. */
  static CutSimulation quantizers(Simulation simulation) {
    Simulation whole = ActivationGrids.enabledOnly(simulation);
    Map<String, TensorShape> shapes = ShapeInference.infer(whole.graph());
    GraphBuilder builder = new GraphBuilder("quantizers").info(whole.graph().info());
    Map<String, String> sources = new LinkedHashMap<>();
    for (QuantizerNode node : activations(whole.graph())) {
      String fed = node.output() + FED;
      TensorShape shape = shapes.get(node.output());
      builder.input(new ValueInfo(fed, DataType.FLOAT, shape));
      builder.output(new ValueInfo(node.output(), DataType.FLOAT, shape));
      builder.node(reading(node, fed, node.output()));
      sources.put(fed, node.input());
    }
    return new CutSimulation(whole, new Simulation(builder.build(), whole.encodings()), sources);
  }

  /**
   * Each operator, or what is fused to one, from the quantizers of its inputs to that of its
   * output, fed quantized values.
   */
  static CutSimulation operators(Simulation simulation) {
    Simulation whole = ActivationGrids.enabledOnly(simulation);
    Graph graph = whole.graph();
    Map<String, TensorShape> shapes = ShapeInference.infer(graph);
    GraphBuilder builder = graph.toBuilder();
    Map<String, String> sources = new LinkedHashMap<>();
    graph.inputs().forEach(input -> sources.put(input.name(), input.name()));
    Map<String, String> instead = new HashMap<>();
    List<Node> nodes = new ArrayList<>();
    for (QuantizerNode node : activations(graph)) {
      String tensor = node.output();
      if (!graph.isOutput(tensor)) {
        builder.output(new ValueInfo(tensor, DataType.FLOAT, shapes.get(tensor)));
      }
      if (!graph.consumers(tensor).isEmpty()) {
        String fed = tensor + FED;
        builder.input(new ValueInfo(fed, DataType.FLOAT, shapes.get(tensor)));
        sources.put(fed, tensor);
        nodes.add(reading(node, fed, fed + "_qdq"));
        instead.put(tensor, fed + "_qdq");
      }
    }
    for (Node node : graph.nodes()) {
      nodes.add(
          node instanceof OperatorNode operator
              ? operator.withInputs(
                  operator.inputs().stream().map(t -> instead.getOrDefault(t, t)).toList())
              : node);
    }
    Graph pieces = builder.nodes(nodes).build();
    return new CutSimulation(whole, new Simulation(pieces, whole.encodings()), sources);
  }

  /** The quantizers whose outputs are compared. */
  List<QuantizerNode> compared() {
    return activations(pieces.graph()).stream()
        .filter(q -> pieces.graph().isOutput(q.output()))
        .toList();
  }

  /** What the pieces are fed when the whole is fed a batch. */
  Map<String, Tensor> inputs(Map<String, Tensor> batch) {
    Map<String, TensorShape> shapes = ShapeInference.infer(whole.graph());
    GraphBuilder builder = whole.graph().toBuilder();
    Set<String> recorded = new TreeSet<>(sources.values());
    recorded.removeIf(whole.graph()::isOutput);
    recorded.forEach(t -> builder.output(new ValueInfo(t, DataType.FLOAT, shapes.get(t))));
    Map<String, Tensor> seen =
        Runner.run(new Simulation(builder.build(), whole.encodings()), batch);
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    sources.forEach((fed, tensor) -> inputs.put(fed, seen.get(tensor)));
    return inputs;
  }

  private static List<QuantizerNode> activations(Graph graph) {
    return graph.quantizers().stream()
        .filter(q -> !q.parameter() && !graph.isInitializer(q.input()))
        .toList();
  }

  private static QuantizerNode reading(QuantizerNode node, String input, String output) {
    return new QuantizerNode(node.id(), input, input, output, node.spec(), node.placement());
  }
}
