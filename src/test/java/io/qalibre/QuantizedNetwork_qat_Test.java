package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.data.Datasets;
import io.qalibre.data.ImageSplits;
import io.qalibre.engine.GradientEstimator;
import io.qalibre.models.MnistNet;
import io.qalibre.qat.Fp32;
import io.qalibre.qat.Qat;
import io.qalibre.qat.Training;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
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
  private static final long[] SEEDS = {1, 2, 3};
  private static final int EPOCHS = 3;

  private final ImageSplits data = Datasets.fashionMnist();

  @Test
  void training_regains_what_four_bits_lost() {
    Network net =
        Qalibre.of(MnistNet.graph(1))
            .train(
                data.training().batch(64),
                Fp32.epochs(8)
                    .method(Training.Method.ADAM)
                    .learningRate(4e-3)
                    .weightDecay(0)
                    .validate(data.validation()));
    QuantizedNetwork ptq =
        net.equalizeLayers()
            .simulate(QuantConfig.int8().withWeightBits(4).withPerTensor("weight"))
            .computeEncodings(data.calibration(1000));
    double fp32 = top1(net);
    double nearest = top1(ptq);

    Training learned = Qat.epochs(EPOCHS).learningRate(1e-3).validate(data.validation());
    Map<String, Training> ways = new LinkedHashMap<>();
    ways.put("learned ranges", learned);
    ways.put("frozen ranges", learned.frozenRanges());
    ways.put("LSQ", learned.estimator(GradientEstimator.LSQ));
    System.out.println(
        "| W4A8, 3 epochs | top-1 % | ± over seeds | regained % |\n|---|--:|--:|--:|");
    System.out.printf(Locale.ROOT, "| FP32 | %.2f | | |%n", fp32);
    System.out.printf(Locale.ROOT, "| PTQ, nearest | %.2f | | |%n", nearest);
    Map<String, Double> regained = new LinkedHashMap<>();
    ways.forEach((name, way) -> regained.put(name, row(name, ptq, way, fp32)));

    assertThat(fp32 - nearest).as("points lost to four bits").isGreaterThan(0.2);
    assertThat(regained.get("learned ranges")).as("percent regained").isGreaterThan(80);
  }

  /** Prints a row; gives the percentage of the loss that is regained on average. */
  private double row(String name, QuantizedNetwork ptq, Training way, double fp32) {
    double nearest = top1(ptq);
    List<Double> found = new ArrayList<>();
    for (long seed : SEEDS) {
      found.add(top1(ptq.train(data.training().batch(64), way.seed(seed))));
    }
    double[] values = found.stream().mapToDouble(Double::doubleValue).toArray();
    double mean = Arrays.stream(values).average().orElseThrow();
    double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
    double error = Math.sqrt(squares / (values.length - 1) / values.length);
    double regained = 100 * (mean - nearest) / (fp32 - nearest);
    System.out.printf(Locale.ROOT, "| %s | %.2f | %.2f | %.0f |%n", name, mean, error, regained);
    return regained;
  }

  private double top1(Evaluable network) {
    return network.evaluate(data.test()).top1();
  }
}
