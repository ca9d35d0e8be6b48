package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.LayerBias;
import io.qalibre.graph.LayerWeight;
import io.qalibre.graph.Node;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Scales the weights and biases of layers by the factors found, rounding each value once. */
final class FactorApplication {
  private final Map<String, LayerWeight> layers = new LinkedHashMap<>();
  private final Map<String, double[]> outputs = new HashMap<>();
  private final Map<String, double[]> inputs = new HashMap<>();

  private FactorApplication(List<ScaledPair> pairs) {
    for (ScaledPair scaled : pairs) {
      LayerPair pair = scaled.pair();
      layers.put(scaled.first(), pair.first());
      layers.put(scaled.second(), pair.second());
      outputs.put(scaled.first(), Arrays.stream(scaled.factors()).map(f -> 1 / f).toArray());
      inputs.put(scaled.second(), pair.repeat(scaled.factors()));
    }
  }

  /** The graph with scaled layers. */
  static Graph apply(Graph graph, List<ScaledPair> pairs) {
    FactorApplication application = new FactorApplication(pairs);
    GraphBuilder builder = graph.toBuilder();
    Map<String, Node> changed = new HashMap<>();
    application.layers.forEach(
        (name, layer) -> {
          double[] output = application.outputs.getOrDefault(name, ones(layer.outputs()));
          double[] input = application.inputs.getOrDefault(name, ones(layer.inputs()));
          builder.initializer(layer.layer().input(1), layer.scale(output, input));
          if (application.outputs.containsKey(name) && layer.layer().hasInput(2)) {
            LayerBias bias = scaled(LayerBias.of(graph, layer).orElseThrow(), output);
            builder.initializer(bias.tensor(), bias.value());
            changed.put(name, bias.node());
          }
        });
    return builder
        .nodes(graph.nodes().stream().map(n -> changed.getOrDefault(n.name(), n)).toList())
        .build();
  }

  private static LayerBias scaled(LayerBias bias, double[] factors) {
    float[] values = bias.values();
    for (int c = 0; c < values.length; c++) {
      values[c] = (float) (values[c] * factors[c]);
    }
    return bias.withValues(values);
  }

  private static double[] ones(int count) {
    double[] ones = new double[count];
    Arrays.fill(ones, 1);
    return ones;
  }
}
