package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.analysis.Sensitivity;
import io.qalibre.data.Datasets;
import io.qalibre.data.ImageDataset;
import io.qalibre.data.ImageSplits;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Answers;
import io.qalibre.testing.Golden;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** The shipped MobileNetV2 on 50 validation pictures, on 500 with {@code -Dfull=true}. */
class QuantizedNetwork_sensitivityShipped_Test {
  private static final int PICTURES = Boolean.getBoolean("full") ? 500 : 50;

  @Test
  void the_worst_layer_is_confirmed_by_disabling_it() {
    ImageSplits data = Datasets.fashionMnist().as(3, 32);
    ImageDataset pictures = data.validation().first(PICTURES).batch(50);
    Network net = Qalibre.load("data/models/mobilenet_v2.onnx").foldBatchNorms();
    QuantConfig config = QuantConfig.int8();
    Calibration seen = net.simulate(config).calibrate(data.calibration(200));
    QuantizedNetwork quantized = net.simulate(config).computeEncodings(seen);

    long began = System.nanoTime();
    Sensitivity sensitivity = quantized.sensitivity(pictures);
    System.out.printf(
        Locale.ROOT,
        "%s; %d layers, %d pictures in %.1f s%n",
        sensitivity,
        sensitivity.layers().size(),
        PICTURES,
        (System.nanoTime() - began) / 1e9);

    assertThat(sensitivity.layers()).hasSize(64);
    Sensitivity.Layer worst = sensitivity.worst();
    QuantConfig without = config;
    for (String tensor : worst.tensors()) {
      without = without.disable(tensor);
    }
    Tensor floats = Answers.of(net, pictures).logits();
    double all = Golden.sqnr(floats, Answers.of(quantized, pictures).logits());
    double disabled =
        Golden.sqnr(
            floats, Answers.of(net.simulate(without).computeEncodings(seen), pictures).logits());
    assertThat(sensitivity.networks().quantized().get(0)).isCloseTo(all, within(0.2));
    assertThat(disabled).isGreaterThan(all + 1);
    assertThat(worst.off().get(0)).isCloseTo(disabled, within(0.5));
    assertThat(sensitivity.layers())
        .allMatch(layer -> layer.off().get(0) <= worst.off().get(0))
        .allMatch(layer -> layer.on().get(0) >= worst.on().get(0));
  }
}
