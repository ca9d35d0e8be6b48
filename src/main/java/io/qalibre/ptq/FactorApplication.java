package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.LayerBias;
import io.qalibre.graph.LayerWeight;
import io.qalibre.graph.Node;
import io.qalibre.graph.Tensor;
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
          if (!application.outputs.containsKey(name)) {
            return;
          }
          if (layer.layer().hasInput(2)) {
            LayerBias bias = LayerBias.of(graph, layer).orElseThrow();
            LayerBias scaled = bias.withValues(scaled(bias.values(), output));
            builder.initializer(bias.tensor(), scaled.value());
            changed.put(name, scaled.node());
          }
          Biases.addedTo(graph, layer)
              .map(Biases.Bias::tensor)
              .ifPresent(t -> builder.initializer(t, scaled(graph.initializer(t), output)));
        });
    return builder
        .nodes(graph.nodes().stream().map(n -> changed.getOrDefault(n.name(), n)).toList())
        .build();
  }

  private static Tensor scaled(Tensor bias, double[] factors) {
    return Tensor.of(scaled(bias.floats(), factors), bias.sizes());
  }

  private static float[] scaled(float[] values, double[] factors) {
    for (int c = 0; c < values.length; c++) {
      values[c] = (float) (values[c] * factors[c]);
    }
    return values;
  }

  private static double[] ones(int count) {
    double[] ones = new double[count];
    Arrays.fill(ones, 1);
    return ones;
  }
}
