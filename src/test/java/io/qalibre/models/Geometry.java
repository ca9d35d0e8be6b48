package io.qalibre.models;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** What tests ask about the shape of a network. */
final class Geometry {
  private static final Set<String> LAYERS = Set.of("Conv", "BatchNormalization", "Gemm");

  private Geometry() {}

  /** The values that training changes: weights and biases, no running statistics, no bounds. */
  static long trainable(Graph graph) {
    return graph.operators().stream()
        .filter(n -> LAYERS.contains(n.type()))
        .flatMapToLong(
            n ->
                IntStream.of(1, 2)
                    .filter(n::hasInput)
                    .mapToLong(i -> graph.initializer(n.input(i)).size()))
        .sum();
  }

  /** Multiply-accumulates a sample. */
  static long macs(Graph graph) {
    return ShapeInference.macs(graph).values().stream().mapToLong(Long::longValue).sum();
  }

  /** The shape of a node's output. */
  static String shape(Graph graph, String node) {
    OperatorNode found =
        graph.operators().stream().filter(n -> n.name().equals(node)).findFirst().orElseThrow();
    return String.valueOf(ShapeInference.infer(graph).get(found.output()));
  }

  /** The number of nodes of each type. */
  static Map<String, Long> types(Graph graph) {
    return graph.operators().stream()
        .collect(Collectors.groupingBy(OperatorNode::type, TreeMap::new, Collectors.counting()));
  }

  /** Asserts that two graphs are alike to the last bit. */
  static void assertEqual(Graph found, Graph expected) {
    assertThat(found.name()).isEqualTo(expected.name());
    assertThat(found.info()).isEqualTo(expected.info());
    assertThat(found.inputs()).isEqualTo(expected.inputs());
    assertThat(found.outputs()).isEqualTo(expected.outputs());
    assertThat(found.nodes()).isEqualTo(expected.nodes());
    assertThat(List.copyOf(found.initializers().keySet()))
        .isEqualTo(List.copyOf(expected.initializers().keySet()));
    assertThat(found.initializers()).isEqualTo(expected.initializers());
  }

  /** The mean of a tensor's elements. */
  static double mean(Tensor tensor) {
    return values(tensor).average().orElseThrow();
  }

  /** The root of the mean square of a tensor's elements. */
  static double rootMeanSquare(Tensor tensor) {
    return Math.sqrt(values(tensor).map(v -> v * v).average().orElseThrow());
  }

  private static DoubleStream values(Tensor tensor) {
    float[] values = tensor.floats();
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]);
  }

  /** The product of a weight's size over its second dimension: fan-out as torch counts it. */
  static long fanOut(Tensor weight) {
    long[] sizes = weight.sizes();
    return LongStream.of(sizes).reduce(1, (a, b) -> a * b) / sizes[1];
  }
}
