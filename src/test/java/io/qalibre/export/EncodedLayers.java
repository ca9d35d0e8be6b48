package io.qalibre.export;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Grids;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Range;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.quant.WeightEncodings;
import io.qalibre.testing.GoldenEncodings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;

/** The small layers of {@code golden/layers.onnx} with quantizers and with encodings. */
final class EncodedLayers {
  private static final String CONFIG =
      """
      {"defaults": {"ops": {"is_output_quantized": "True", "is_symmetric": "%s"},
                    "params": {"is_quantized": "True", "is_symmetric": "%s"},
                    "strict_symmetric": "%s", "unsigned_symmetric": "%s",
                    "per_channel_quantization": "True"},
       "params": {"bias": {"is_quantized": "False"}},
       "op_type": {},
       "supergroups": [{"op_list": ["Conv", "Relu"]}],
       "model_input": {"is_input_quantized": "True"},
       "model_output": {}}
      """;

  private EncodedLayers() {}

  /** The layers with symmetric weights per channel. */
  static Graph placed(Symmetry symmetry) {
    return placed(symmetry, true);
  }

  /** The layers with weights per channel. */
  static Graph placed(Symmetry symmetry, boolean symmetricParameters) {
    RuntimeConfig config =
        RuntimeConfig.parse(
            "layers",
            CONFIG.formatted(
                word(symmetry.symmetric()),
                word(symmetricParameters),
                word(symmetry.strict()),
                word(symmetry.unsignedIfPositive())));
    return Placement.place(
        GoldenEncodings.network("layers.onnx"), config, PlacementOptions.DEFAULT);
  }

  private static String word(boolean truth) {
    return truth ? "True" : "False";
  }

  /** The graph with its quantizers changed. */
  static Graph with(Graph graph, UnaryOperator<QuantizerNode> change) {
    List<Node> nodes =
        graph.nodes().stream()
            .map(node -> node instanceof QuantizerNode q ? change.apply(q) : node)
            .toList();
    return graph.toBuilder().nodes(nodes).build();
  }

  /** The quantizer with another spec. */
  static QuantizerNode respecified(QuantizerNode node, QuantizerSpec spec) {
    return node.withSpec(spec);
  }

  /** Encodings of weights from their values, of activations from seeded ranges. */
  static Simulation encoded(Graph graph) {
    Random random = new Random(17);
    Map<String, TensorEncoding> encodings = new LinkedHashMap<>();
    for (QuantizerNode node : graph.quantizers()) {
      double low = random.nextBoolean() ? 0 : -random.nextDouble();
      Range range = new Range(low, 5 * random.nextDouble());
      if (node.enabled() && !node.spec().format().floating()) {
        encodings.computeIfAbsent(node.id(), id -> encoding(graph, node, range));
      }
    }
    return new Simulation(graph, encodings);
  }

  private static TensorEncoding encoding(Graph graph, QuantizerNode node, Range range) {
    Tensor constant = graph.initializers().get(node.input());
    if (constant != null) {
      return WeightEncodings.of(constant.floats(), constant.sizes(), node.spec());
    }
    Encoding grid = Grids.grid(range, node.spec());
    return TensorEncoding.perTensor(grid);
  }
}
