package io.qalibre.benchmarks;

import io.qalibre.Network;
import io.qalibre.Qalibre;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.models.MobileNetV2;
import io.qalibre.models.ResNet50;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Networks to measure with: torchvision's geometry, ten classes, untrained. */
final class Networks {
  private static final int CLASSES = 10;
  private static final String MOBILE = "mobilenet_v2";

  private Networks() {}

  /**
   * A network by its name, as torchvision has it: MobileNetV2's first stride is 2.
   *
   * @param name {@code resnet50}, {@code mobilenet_v2}, or that with {@code x3}, say, behind it:
   *     each residual block three times
   * @param size height and width of the pictures
   */
  static Network of(String name, int size) {
    if (name.equals("resnet50")) {
      return Qalibre.of(ResNet50.graph(size, CLASSES, 1));
    }
    Graph graph = MobileNetV2.graph(size, CLASSES, 1);
    List<Node> nodes = new ArrayList<>(graph.nodes());
    OperatorNode stem = (OperatorNode) nodes.get(0);
    nodes.set(0, stem.withAttributes(stem.attributes().with("strides", List.of(2L, 2L))));
    Graph strided = graph.toBuilder().nodes(nodes).build();
    int times = name.equals(MOBILE) ? 1 : Integer.parseInt(name.substring(MOBILE.length() + 1));
    return Qalibre.of(repeated(strided, times));
  }

  /** Puts copies of each residual block, which have weights of their own, in front of it. */
  private static Graph repeated(Graph graph, int times) {
    List<OperatorNode> nodes = new ArrayList<>();
    GraphBuilder builder = graph.toBuilder();
    for (OperatorNode node : graph.operators()) {
      nodes.add(node);
      if (node.type().equals("Add")) {
        String prefix = node.name().substring(0, node.name().lastIndexOf('.') + 1);
        List<OperatorNode> block = nodes.stream().filter(n -> n.name().startsWith(prefix)).toList();
        nodes.removeAll(block);
        String input = node.input(0);
        String last = input;
        for (int i = 1; i < times; i++) {
          Map<String, String> names = new HashMap<>(Map.of(input, last));
          for (OperatorNode part : block) {
            nodes.add(copy(part, "again" + i + ".", names, graph, builder));
          }
          last = names.get(node.output());
        }
        Map<String, String> names = Map.of(input, last);
        block.forEach(part -> nodes.add(part.withInputs(renamed(part.inputs(), names))));
      }
    }
    return builder.nodes(nodes).build();
  }

  private static OperatorNode copy(
      OperatorNode node,
      String prefix,
      Map<String, String> names,
      Graph graph,
      GraphBuilder builder) {
    for (String input : node.inputs()) {
      if (graph.isInitializer(input)) {
        names.put(input, prefix + input);
        builder.initializer(prefix + input, graph.initializer(input));
      }
    }
    node.outputs().forEach(output -> names.put(output, prefix + output));
    return new OperatorNode(
        prefix + node.name(),
        node.type(),
        renamed(node.inputs(), names),
        renamed(node.outputs(), names),
        node.attributes());
  }

  private static List<String> renamed(List<String> tensors, Map<String, String> names) {
    return tensors.stream().map(tensor -> names.getOrDefault(tensor, tensor)).toList();
  }
}
