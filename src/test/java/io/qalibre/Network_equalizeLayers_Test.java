package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import io.qalibre.ptq.Equalization;
import io.qalibre.ptq.Equalization.Clips;
import io.qalibre.ptq.EqualizedGraph;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class Network_equalizeLayers_Test {
  private static Network golden() {
    return new Network(Golden.network("mobilenet_v2.onnx"), List.of());
  }

  private static Tensor run(Evaluable network) {
    return network.run(Map.of("input", Golden.prepared("test_64_u8.npy"))).get("output");
  }

  private static Labelled calibration() {
    return Labelled.of(Golden.prepared("calib_64_u8.npy")).batch(8);
  }

  private static double quantized(Network network) {
    QuantizedNetwork q = network.simulate(QuantConfig.perTensor()).computeEncodings(calibration());
    return Golden.sqnr(Golden.array("mobilenet_v2.fp32.out.npy"), run(q));
  }

  @Test
  void the_statistics_of_folded_normalizations_bound_what_is_scaled_in_front_of_a_relu6() {
    Network net = golden();

    Network equalized = net.equalizeLayers();
    Network twoSteps = net.foldBatchNorms().equalizeLayers();

    assertThat(Golden.sqnr(Golden.array("mobilenet_v2.fp32.out.npy"), run(equalized)))
        .isGreaterThan(100);
    assertThat(twoSteps.graph().initializers()).isEqualTo(equalized.graph().initializers());
    assertThat(equalized.equalization().pairs()).hasSize(37);
    assertThat(equalized.history().stringColumn("result").get(1)).startsWith("37 pairs in ");
  }

  /** Per tensor, with AIMET's placement: 8.8 dB without equalization, and 8.6 with AIMET's. */
  @Test
  void eight_bits_per_tensor_hold_what_the_float_network_says() {
    double norms = quantized(golden().equalizeLayers());
    double samples = quantized(golden().equalizeLayers(Equalization.DEFAULT, calibration()));
    double bounds =
        quantized(golden().equalizeLayers(Equalization.DEFAULT.withClips(Clips.BOUND_CHANNELS)));

    assertThat(quantized(golden().foldBatchNorms())).isLessThan(10);
    assertThat(norms).isGreaterThan(20);
    assertThat(samples).isGreaterThan(26);
    assertThat(bounds).isGreaterThan(29);
  }

  @Test
  void samples_bound_what_is_scaled_where_nothing_was_folded() {
    Network folded = new Network(Golden.network("mobilenet_v2_bnfolded.onnx"), List.of());

    EqualizedGraph blind = folded.equalizeLayers().equalization();
    Network seen = folded.equalizeLayers(Equalization.DEFAULT, calibration());

    assertThat(blind.left()).hasSize(35);
    assertThat(seen.equalization().left()).isEmpty();
    assertThat(Golden.sqnr(Golden.array("mobilenet_v2.fp32.out.npy"), run(seen))).isGreaterThan(65);
  }

  @Test
  void a_network_that_was_not_equalized_says_so() {
    Network net = golden();

    assertThatThrownBy(net::equalization)
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("this network does not come from equalizeLayers(…)");
  }
}
