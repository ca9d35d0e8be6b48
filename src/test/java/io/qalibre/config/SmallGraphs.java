package io.qalibre.config;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Graphs to place quantizers on, and short ways to write them. */
public final class SmallGraphs {
  private SmallGraphs() {}

  /**
   * input → conv1 → relu1 → pool → dw (depthwise) → clip → add (the constant) → relu2 → gap →
   * flatten → fc → output. Each tensor has the name of its node.
   */
  public static Graph network() {
    return start("small")
        .output(value("output", Dim.symbolic("N"), Dim.of(10)))
        .initializer("conv1.weight", weights(4, 3, 3, 3))
        .initializer("conv1.bias", weights(4))
        .initializer("dw.weight", weights(4, 1, 3, 3))
        .initializer("zero", Tensor.scalar(0))
        .initializer("six", Tensor.scalar(6))
        .initializer("shift", weights(1, 4, 1, 1))
        .initializer("fc.weight", weights(10, 4))
        .initializer("fc.bias", weights(10))
        .node(op("conv1", "Conv", List.of("input", "conv1.weight", "conv1.bias")))
        .node(op("relu1", "Relu", List.of("conv1")))
        .node(
            new OperatorNode(
                "pool",
                "MaxPool",
                List.of("relu1"),
                List.of("pool"),
                new Attributes(Map.of("kernel_shape", List.of(2L, 2L)))))
        .node(
            new OperatorNode(
                "dw",
                "Conv",
                List.of("pool", "dw.weight"),
                List.of("dw"),
                new Attributes(Map.of("group", 4L))))
        .node(op("clip", "Clip", List.of("dw", "zero", "six")))
        .node(op("add", "Add", List.of("clip", "shift")))
        .node(op("relu2", "Relu", List.of("add")))
        .node(op("gap", "GlobalAveragePool", List.of("relu2")))
        .node(op("flatten", "Flatten", List.of("gap")))
        .node(
            new OperatorNode(
                "fc",
                "Gemm",
                List.of("flatten", "fc.weight", "fc.bias"),
                List.of("output"),
                new Attributes(Map.of("transB", 1L))))
        .build();
  }

  /** A builder with the input {@code input} of N×3×8×8. */
  static GraphBuilder start(String name) {
    return new GraphBuilder(name)
        .input(value("input", Dim.symbolic("N"), Dim.of(3), Dim.of(8), Dim.of(8)));
  }

  static ValueInfo value(String name, Dim... dims) {
    return new ValueInfo(name, DataType.FLOAT, TensorShape.of(dims));
  }

  /** A node that writes one tensor of its own name. */
  static OperatorNode op(String name, String type, List<String> inputs) {
    return new OperatorNode(name, type, inputs, List.of(name), Attributes.NONE);
  }

  static Tensor weights(long... shape) {
    float[] values = new float[Math.toIntExact(TensorShape.of(shape).elements())];
    Arrays.fill(values, 0.5f);
    return Tensor.of(values, shape);
  }

  /** The quantizer of a tensor. */
  static QuantizerNode quantizer(Graph graph, String tensor) {
    return graph.quantizers().stream()
        .filter(q -> q.tensor().equals(tensor))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no quantizer of " + tensor));
  }

  /** The tensors whose quantizers are enabled. */
  static List<String> enabled(Graph graph) {
    return graph.quantizers().stream()
        .filter(QuantizerNode::enabled)
        .map(QuantizerNode::tensor)
        .toList();
  }

  /** A tensor's rule. */
  static String rule(Graph graph, String tensor) {
    return quantizer(graph, tensor).placement().rule();
  }
}
