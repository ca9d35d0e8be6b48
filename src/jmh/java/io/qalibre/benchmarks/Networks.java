package io.qalibre.benchmarks;

import io.qalibre.Network;
import io.qalibre.Qalibre;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.models.MobileNetV2;
import io.qalibre.models.ResNet50;
import java.util.ArrayList;
import java.util.List;

/** Networks to measure with: torchvision's geometry, ten classes, untrained. */
final class Networks {
  private static final int CLASSES = 10;

  private Networks() {}

  /** As torchvision has it, MobileNetV2's first stride 2. */
  static Network of(String name, int size) {
    if (name.equals("resnet50")) {
      return Qalibre.of(ResNet50.graph(size, CLASSES, 1));
    }
    Graph graph = MobileNetV2.graph(size, CLASSES, 1);
    List<Node> nodes = new ArrayList<>(graph.nodes());
    OperatorNode stem = (OperatorNode) nodes.get(0);
    nodes.set(0, stem.withAttributes(stem.attributes().with("strides", List.of(2L, 2L))));
    return Qalibre.of(graph.toBuilder().nodes(nodes).build());
  }
}
