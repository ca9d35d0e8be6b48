package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.testing.Answers;
import io.qalibre.testing.Golden;
import io.qalibre.testing.ImageNetSample;
import io.qalibre.testing.Labelled;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/**
 * EfficientNet-Lite0 with its real ImageNet weights in 8 bits, as the default config and its scheme
 * quantize it. Nothing was chosen by the pictures that measure.
 */
class QuantConfig_efficientNetLite_Test {
  private static final int SEED = 1;
  private static final int CALIBRATION = 100;
  private static final int BATCH = 20;

  @Test
  void int8_keeps_what_the_network_says_of_real_pictures() {
    Path model = ImageNetSample.file("efficientnet_lite0.onnx");
    ImageNetSample pictures = ImageNetSample.read().shuffled(SEED);
    ImageNetSample calibration = pictures.part(0, CALIBRATION);
    ImageNetSample measured = pictures.part(CALIBRATION, pictures.size());
    assertThat(measured.size()).isEqualTo(200);
    assertThat(measured.files()).doesNotContainAnyElementsOf(calibration.files());

    Network net = Qalibre.load(model).foldBatchNorms();
    QuantizedNetwork quantized =
        net.simulate(QuantConfig.int8()).computeEncodings(calibration.dataset().batch(BATCH));
    Labelled test = measured.dataset().batch(BATCH);
    Answers fp32 = Answers.of(net, test);
    Answers int8 = Answers.of(quantized, test);

    double sqnr = Golden.sqnr(fp32.logits(), int8.logits());
    double agreement = fp32.agreement(int8);
    double lost = 100 * (fp32.right().mean() - int8.right().mean());
    double error = 100 * fp32.right().pairedStandardError(int8.right());
    System.out.printf(
        Locale.ROOT,
        "efficientnet_lite0, int8 on %d pictures: top-1 %.1f %% (FP32 %.1f), lost %.1f ± %.1f; SQNR of the logits %.1f dB; agreement %.1f %%%n",
        measured.size(),
        100 * int8.right().mean(),
        100 * fp32.right().mean(),
        lost,
        error,
        sqnr,
        agreement);
    assertThat(fp32.right().mean()).as("top-1 of the float network").isGreaterThan(0.85);
    assertThat(sqnr).as("SQNR of the logits, dB").isGreaterThanOrEqualTo(18);
    assertThat(agreement).as("top-1 agreement, %").isGreaterThanOrEqualTo(97);
    assertThat(lost).as("top-1 lost, points").isLessThanOrEqualTo(0.7 + error);
  }
}
