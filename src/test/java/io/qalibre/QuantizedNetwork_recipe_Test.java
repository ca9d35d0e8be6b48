package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.ptq.AdaRound;
import io.qalibre.testing.Answers;
import io.qalibre.testing.Golden;
import io.qalibre.testing.ImageNetSample;
import io.qalibre.testing.Labelled;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * EfficientNet-Lite0 with its real ImageNet weights in 8 bits with one grid for each weight tensor,
 * step by step. The recipe is the one whose logits are closest to the float network's on the
 * calibration pictures; labels are not looked at for it, nor are the pictures that measure. With
 * {@code -Dfull=true} AdaRound is among the steps.
 */
class QuantizedNetwork_recipe_Test {
  private static final int SEED = 1;
  private static final int CALIBRATION = 100;
  private static final int BATCH = 20;
  private static final AdaRound ADA_ROUND = AdaRound.iterations(300);

  /** What a network says of both sets of pictures. */
  private record Row(Answers calibration, Answers measured) {}

  private final Map<String, Row> rows = new LinkedHashMap<>();
  private final ImageNetSample pictures = ImageNetSample.read().shuffled(SEED);
  private final Labelled calibration = batches(0, CALIBRATION);
  private final Labelled measured = batches(CALIBRATION, pictures.size());

  private Labelled batches(int from, int to) {
    return pictures.part(from, to).dataset().batch(BATCH);
  }

  @Test
  void the_recipe_that_calibration_pictures_choose_loses_next_to_nothing() {
    assertThat(pictures.part(CALIBRATION, pictures.size()).files())
        .hasSize(200)
        .doesNotContainAnyElementsOf(pictures.part(0, CALIBRATION).files());
    Network net = Qalibre.load(ImageNetSample.file("efficientnet_lite0.onnx")).foldBatchNorms();
    QuantConfig config = QuantConfig.int8().withPerTensor("weight");

    Row fp32 = new Row(Answers.of(net, calibration), Answers.of(net, measured));
    Network equalized = net.equalizeLayers();
    QuantizedNetwork plain = net.simulate(config).computeEncodings(calibration);
    QuantizedNetwork even = equalized.simulate(config).computeEncodings(calibration);
    add("encodings only", plain);
    add("equalized", even);
    add("biases corrected", plain.correctBias(calibration));
    add("equalized, biases corrected", even.correctBias(calibration));
    if (Boolean.getBoolean("full")) {
      QuantizedNetwork rounded = plain.adaRound(calibration, ADA_ROUND);
      add("AdaRound", rounded);
      add("AdaRound, biases corrected", rounded.correctBias(calibration));
    }

    String chosen =
        rows.entrySet().stream()
            .max(Comparator.comparingDouble(e -> sqnr(fp32.calibration, e.getValue().calibration)))
            .orElseThrow()
            .getKey();
    print(fp32, chosen);
    Answers best = rows.get(chosen).measured;
    double lost = 100 * (fp32.measured.right().mean() - best.right().mean());
    double error = 100 * fp32.measured.right().pairedStandardError(best.right());
    assertThat(lost).as("top-1 lost by `%s`", chosen).isLessThanOrEqualTo(1.5 + error);
    assertThat(sqnr(fp32.measured, best))
        .as("SQNR of the logits, dB, beside encodings only")
        .isGreaterThan(sqnr(fp32.measured, rows.get("encodings only").measured) + 3);
  }

  private void add(String name, QuantizedNetwork network) {
    rows.put(name, new Row(Answers.of(network, calibration), Answers.of(network, measured)));
  }

  private static double sqnr(Answers one, Answers other) {
    return Golden.sqnr(one.logits(), other.logits());
  }

  /** A table in Markdown: that of the documentation. */
  private void print(Row fp32, String chosen) {
    System.out.println(
        "| efficientnet_lite0, W8A8 per tensor | SQNR on calibration, dB | top-1 % | lost | ± paired"
            + " | SQNR, dB |\n|---|--:|--:|--:|--:|--:|");
    System.out.printf(Locale.ROOT, "| FP32 | | %.1f | | | |%n", 100 * fp32.measured.right().mean());
    rows.forEach(
        (name, row) ->
            System.out.printf(
                Locale.ROOT,
                "| %s%s | %.1f | %.1f | %.1f | %.1f | %.1f |%n",
                name,
                name.equals(chosen) ? " (chosen)" : "",
                sqnr(fp32.calibration, row.calibration),
                100 * row.measured.right().mean(),
                100 * (fp32.measured.right().mean() - row.measured.right().mean()),
                100 * fp32.measured.right().pairedStandardError(row.measured.right()),
                sqnr(fp32.measured, row.measured)));
  }
}
