package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.engine.GradientEstimator;
import io.qalibre.qat.Training;
import io.qalibre.testing.OverSeeds;
import io.qalibre.testing.QuickstartNetwork;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * What three epochs of training regain of what four-bit weights lost, over three seeds: the
 * quickstart's network on Fashion-MNIST, one grid a tensor. Epochs are chosen on validation
 * pictures, figures are of test pictures.
 */
@EnabledIfSystemProperty(named = "full", matches = "true", disabledReason = "a long suite")
class QuantizedNetwork_qat_Test {
  @Test
  void training_regains_what_four_bits_lost() {
    QuickstartNetwork quickstart = QuickstartNetwork.trained();
    Network net = quickstart.net();
    QuantizedNetwork ptq = quickstart.calibrated(net.equalizeLayers(), QuickstartNetwork.W4A8);
    double fp32 = quickstart.top1(net);
    double nearest = quickstart.top1(ptq);

    Training learned = quickstart.training(3);
    Map<String, Training> ways = new LinkedHashMap<>();
    ways.put("learned ranges", learned);
    ways.put("frozen ranges", learned.frozenRanges());
    ways.put("LSQ", learned.estimator(GradientEstimator.LSQ));
    System.out.println(
        "| W4A8, 3 epochs | top-1 % | ± over seeds | regained % |\n|---|--:|--:|--:|");
    System.out.printf(Locale.ROOT, "| FP32 | %.2f | | |%n", fp32);
    System.out.printf(Locale.ROOT, "| PTQ, nearest | %.2f | | |%n", nearest);
    Map<String, OverSeeds> found = new LinkedHashMap<>();
    ways.forEach(
        (name, way) -> {
          OverSeeds top1 =
              OverSeeds.of(
                  seed ->
                      quickstart.top1(
                          ptq.train(quickstart.data().training().batch(64), way.seed(seed))));
          quickstart.print(name, top1, nearest);
          found.put(name, top1);
        });

    assertThat(fp32 - nearest).as("points lost to four bits").isGreaterThan(0.2);
    assertThat(quickstart.regained(found.get("learned ranges"), nearest))
        .as("percent regained")
        .isGreaterThan(80);
  }
}
