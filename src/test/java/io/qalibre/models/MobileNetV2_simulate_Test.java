package io.qalibre.models;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.Network;
import io.qalibre.Qalibre;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizedNetwork;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The way of the quickstart, with random weights. */
class MobileNetV2_simulate_Test {
  private static final Map<String, Tensor> INPUT = Map.of("input", Net.data(6, 4, 3, 32, 32));

  @Test
  void is_folded_equalized_and_simulated_without_a_special_case(@TempDir Path folder) {
    Path file = folder.resolve("mobilenet_v2.onnx");
    OnnxWriter.write(normalized(MobileNetV2.graph(32, 10, 1)), file);
    Network net = Qalibre.load(file);

    Network folded = net.foldBatchNorms();
    Network equalized = folded.equalizeLayers();
    QuantizedNetwork quantized =
        equalized
            .simulate(QuantConfig.int8())
            .computeEncodings(Labelled.random(10, 8, 3, 32, 32).batch(4));

    assertThat(folded.graph().operators())
        .hasSize(net.graph().operators().size() - 52)
        .noneMatch(n -> n.type().equals("BatchNormalization"));
    Tensor reference = net.run(INPUT).get("output");
    assertThat(Golden.sqnr(reference, equalized.run(INPUT).get("output"))).isGreaterThan(80);
    assertThat(Golden.sqnr(reference, quantized.run(INPUT).get("output"))).isBetween(10.0, 60.0);
  }

  /**
   * With the statistics of batch normalizations that have seen unit-size inputs. Without them the
   * small initial weights of 52 layers in a row shrink the signal to nothing, which no 8-bit grid
   * can hold.
   */
  private static Graph normalized(Graph graph) {
    Map<String, Tensor> variances = new LinkedHashMap<>();
    for (OperatorNode norm : graph.operators()) {
      if (norm.type().equals("BatchNormalization")) {
        OperatorNode conv = graph.producingOperator(norm.input(0)).orElseThrow();
        Tensor weight = graph.initializer(conv.input(1));
        float[] values = weight.floats();
        float[] variance = new float[(int) weight.sizes()[0]];
        for (int i = 0; i < values.length; i++) {
          variance[i / (values.length / variance.length)] += values[i] * values[i];
        }
        variances.put(norm.input(4), Tensor.of(variance, variance.length));
      }
    }
    return graph.withInitializers(variances);
  }
}
