package io.qalibre;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.view.Numbers;
import io.qalibre.view.Tables;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tech.tablesaw.api.Table;

/** What is said of a float network: in a line, in a few rows, and operator by operator. */
final class NetworkTables {
  private NetworkTables() {}

  /** A row an operator: node, type, output shape, parameters, multiply-accumulates a sample. */
  static Table summary(Graph graph) {
    Map<String, TensorShape> shapes = ShapeInference.infer(graph);
    Map<String, Long> macs = ShapeInference.macs(graph);
    return Tables.of("Summary of " + graph.name(), graph.operators())
        .text("node", OperatorNode::name)
        .text("operator", OperatorNode::type)
        .text("output shape", n -> String.valueOf(shapes.get(n.output())))
        .integer("parameters", n -> parameters(graph, n))
        .integer("MACs", n -> macs.getOrDefault(n.name(), 0L))
        .build();
  }

  private static long parameters(Graph graph, OperatorNode node) {
    return node.inputs().stream()
        .filter(graph::isInitializer)
        .map(graph::initializer)
        .filter(t -> t.type() == DataType.FLOAT)
        .mapToLong(Tensor::size)
        .sum();
  }

  /** Inputs, outputs, size, cost, operators and steps. */
  static Table overview(Graph graph, List<Step> steps) {
    List<String[]> rows =
        List.of(
            new String[] {"inputs", describe(graph.inputs())},
            new String[] {"outputs", describe(graph.outputs())},
            new String[] {"parameters", Numbers.count(graph.parameters())},
            new String[] {"MACs a sample", Numbers.count(macs(graph))},
            new String[] {"operators", operators(graph)},
            new String[] {
              "steps", steps.stream().map(Step::verb).collect(Collectors.joining(", "))
            });
    return Tables.of("Network " + graph.name(), rows)
        .text("what", r -> r[0])
        .text("value", r -> r[1])
        .build();
  }

  /** Such as {@code Network mnist: input N×1×28×28 → output N×10, 8,490 parameters, 0 MACs}. */
  static String line(Graph graph) {
    return "Network %s: %s → %s, %s parameters, %s MACs"
        .formatted(
            graph.name(),
            describe(graph.inputs()),
            describe(graph.outputs()),
            Numbers.count(graph.parameters()),
            Numbers.count(macs(graph)));
  }

  private static long macs(Graph graph) {
    return ShapeInference.macs(graph).values().stream().mapToLong(Long::longValue).sum();
  }

  private static String describe(List<ValueInfo> values) {
    return values.stream().map(v -> v.name() + " " + v.shape()).collect(Collectors.joining(", "));
  }

  private static String operators(Graph graph) {
    return graph.operators().stream()
        .collect(
            Collectors.groupingBy(OperatorNode::type, LinkedHashMap::new, Collectors.counting()))
        .entrySet()
        .stream()
        .map(e -> e.getValue() + " " + e.getKey())
        .collect(Collectors.joining(", "));
  }
}
