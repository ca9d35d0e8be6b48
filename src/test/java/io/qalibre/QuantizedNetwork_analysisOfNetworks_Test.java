package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.analysis.Budget;
import io.qalibre.analysis.LayerErrors;
import io.qalibre.analysis.PrecisionFront;
import io.qalibre.analysis.Sensitivity;
import io.qalibre.data.Samples;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Net;
import io.qalibre.testing.WeightlessModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Networks with branches, splits, concatenations, tied quantizers and computed sizes. Activations
 * have 16 bits: with 8, another order of additions moves codes, and with random weights a moved
 * code moves many.
 */
class QuantizedNetwork_analysisOfNetworks_Test {
  private static final Tensor INPUT = Net.data(3, 2, 3, 64, 64);
  private static final Map<String, Tensor> BATCH = Map.of("input", INPUT);

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"mobilenet_v3_large", "shufflenet_v2_x1_0", "squeezenet1_1"})
  void all_analyses_agree_with_running_the_network(String name) {
    Network network = Qalibre.load(WeightlessModel.filled(name, folder)).foldBatchNorms();
    Samples samples = Samples.of(List.of(BATCH));
    QuantizedNetwork quantized =
        network.simulate(QuantConfig.perChannel().withActivationBits(16)).computeEncodings(samples);
    double sqnr = Golden.sqnr(network.run(BATCH).get("output"), quantized.run(BATCH).get("output"));

    Sensitivity sensitivity = quantized.sensitivity(samples);
    LayerErrors errors = quantized.layerErrors(samples);
    PrecisionFront front =
        quantized.mixedPrecision(samples, Budget.bitOperations(0.9)).precisions();

    assertThat(sensitivity.networks().quantized().get(0)).isCloseTo(sqnr, within(0.5));
    assertThat(sensitivity.networks().floats().get(0)).isInfinite();
    assertThat(sensitivity.layers())
        .flatExtracting(Sensitivity.Layer::tensors)
        .doesNotHaveDuplicates()
        .hasSize((int) enabled(quantized));
    assertThat(errors.row("output").sqnr()).isCloseTo(sqnr, within(0.5));
    assertThat(front.chosen().bitOperations()).isLessThanOrEqualTo(0.9 + 1e-9);
    assertThat(front.points())
        .filteredOn(p -> p.name().equals("uniform W8A16"))
        .singleElement()
        .satisfies(p -> assertThat(p.values().get(0)).isCloseTo(sqnr, within(0.5)));
  }

  /** Those that something reads: constants that say how to compute have quantizers too. */
  private static long enabled(QuantizedNetwork network) {
    var graph = network.simulation().graph();
    return graph.quantizers().stream()
        .filter(q -> q.enabled())
        .filter(q -> !graph.consumers(q.output()).isEmpty() || graph.isOutput(q.output()))
        .count();
  }
}
