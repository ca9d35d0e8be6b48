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

/**
 * A simulation cut in pieces: at each quantized tensor the values of a real batch are fed anew, so
 * that no piece sees what those before it did. All pieces, side by side, are one simulation.
 *
 * @param simulation the pieces; its outputs are the quantized tensors
 * @param inputs what is fed
 */
record CutSimulation(Simulation simulation, Map<String, Tensor> inputs) {
  private static final String FED = "_fed";

  /** Each quantizer of an activation by itself, fed the values that it quantizes. */
  static CutSimulation quantizers(Simulation whole, Map<String, Tensor> batch) {
    List<QuantizerNode> quantizers = activations(whole.graph());
    Map<String, Tensor> seen =
        record(whole, quantizers.stream().map(QuantizerNode::input).toList(), batch);
    Map<String, TensorShape> shapes = ShapeInference.infer(whole.graph());
    GraphBuilder builder = new GraphBuilder("quantizers").info(whole.graph().info());
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (QuantizerNode node : quantizers) {
      String fed = node.output() + FED;
      TensorShape shape = shapes.get(node.output());
      builder.input(new ValueInfo(fed, DataType.FLOAT, shape));
      builder.output(new ValueInfo(node.output(), DataType.FLOAT, shape));
      builder.node(reading(node, fed, node.output()));
      inputs.put(fed, seen.get(node.input()));
    }
    return new CutSimulation(new Simulation(builder.build(), whole.encodings()), inputs);
  }

  /** Each operator, or what is fused to one, between the quantizers of its inputs and output. */
  static CutSimulation operators(Simulation whole, Map<String, Tensor> batch) {
    Graph graph = whole.graph();
    List<QuantizerNode> quantizers = activations(graph);
    Map<String, Tensor> seen =
        record(whole, quantizers.stream().map(QuantizerNode::output).toList(), batch);
    Map<String, TensorShape> shapes = ShapeInference.infer(graph);
    GraphBuilder builder = graph.toBuilder();
    Map<String, Tensor> inputs = new LinkedHashMap<>(batch);
    Map<String, String> instead = new HashMap<>();
    List<Node> nodes = new ArrayList<>();
    for (QuantizerNode node : quantizers) {
      String tensor = node.output();
      ValueInfo output = new ValueInfo(tensor, DataType.FLOAT, shapes.get(tensor));
      if (!graph.isOutput(tensor)) {
        builder.output(output);
      }
      if (!graph.consumers(tensor).isEmpty()) {
        String fed = tensor + FED;
        builder.input(new ValueInfo(fed, DataType.FLOAT, output.shape()));
        inputs.put(fed, seen.get(tensor));
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
    return new CutSimulation(
        new Simulation(builder.nodes(nodes).build(), whole.encodings()), inputs);
  }

  /** The enabled quantizers of computed tensors. */
  static List<QuantizerNode> activations(Graph graph) {
    return graph.quantizers().stream()
        .filter(q -> q.enabled() && !q.parameter() && !graph.isInitializer(q.input()))
        .toList();
  }

  private static QuantizerNode reading(QuantizerNode node, String input, String output) {
    return new QuantizerNode(
        node.id(), input, input, output, node.spec(), node.placement());
  }

  private static Map<String, Tensor> record(
      Simulation whole, List<String> tensors, Map<String, Tensor> batch) {
    Graph graph = whole.graph();
    Map<String, TensorShape> shapes = ShapeInference.infer(graph);
    GraphBuilder builder = graph.toBuilder();
    for (String tensor : tensors) {
      if (!graph.isOutput(tensor)) {
        builder.output(new ValueInfo(tensor, DataType.FLOAT, shapes.get(tensor)));
      }
    }
    return Runner.run(new Simulation(builder.build(), whole.encodings()), batch);
  }
}
