package io.qalibre.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Rewrites batch normalizations that no layer can take in, as AIMET does, so that the numbers that
 * get quantized are those that are multiplied and added: γ′ = γ/√(σ² + ε) and β′ = β − μ·γ′, with
 * mean 0, variance 1 and ε 0.
 */
final class LoneBatchNorms {
  private static final int PARAMETERS = 4;

  private final Graph graph;
  private final UniqueNames names;
  private final Map<String, Tensor> initializers = new LinkedHashMap<>();
  private final Map<String, Integer> readers = new HashMap<>();

  private LoneBatchNorms(Graph graph) {
    this.graph = graph;
    names = UniqueNames.ofTensors(graph);
  }

  /**
   * A graph with all its batch normalizations of constant parameters rewritten, but those that use
   * the statistics of each batch.
   */
  static Graph rewrite(Graph graph) {
    LoneBatchNorms norms = new LoneBatchNorms(graph);
    List<Node> nodes = graph.nodes().stream().map(norms::rewritten).toList();
    GraphBuilder builder = graph.toBuilder().nodes(nodes);
    norms.initializers.forEach(builder::initializer);
    return builder.withoutUnusedInitializers().build();
  }

  private Node rewritten(Node node) {
    return node instanceof OperatorNode norm
            && norm.type().equals("BatchNormalization")
            && norm.attributes().integer("training_mode", 0) == 0
            && norm.inputs().subList(1, 1 + PARAMETERS).stream().allMatch(graph::isInitializer)
        ? normalized(norm)
        : node;
  }

  private OperatorNode normalized(OperatorNode norm) {
    float[] gamma = graph.initializer(norm.input(1)).floats();
    float[] beta = graph.initializer(norm.input(2)).floats();
    float[] mean = graph.initializer(norm.input(3)).floats();
    float[] variance = graph.initializer(norm.input(4)).floats();
    float epsilon = norm.attributes().number("epsilon", 1e-5f);
    for (int c = 0; c < gamma.length; c++) {
      // In float32 and by the reciprocal, as AIMET computes.
      gamma[c] *= 1 / (float) Math.sqrt(variance[c] + epsilon);
      beta[c] -= mean[c] * gamma[c];
      mean[c] = 0;
      variance[c] = 1;
    }
    List<float[]> values = List.of(gamma, beta, mean, variance);
    List<String> inputs = new ArrayList<>(norm.inputs());
    for (int i = 0; i < PARAMETERS; i++) {
      inputs.set(i + 1, store(norm.input(i + 1), values.get(i)));
    }
    return norm.withInputs(inputs).withAttributes(norm.attributes().with("epsilon", 0f));
  }

  /** Under the name it has for the last that reads it, under a new one for others. */
  private String store(String tensor, float[] values) {
    int left = readers.getOrDefault(tensor, graph.consumers(tensor).size()) - 1;
    readers.put(tensor, left);
    String name = left == 0 ? tensor : names.get(tensor);
    initializers.put(name, Tensor.of(values, values.length));
    return name;
  }
}
