package io.qalibre.testing;

import io.qalibre.Evaluable;
import io.qalibre.Network;
import io.qalibre.Qalibre;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizedNetwork;
import io.qalibre.data.Datasets;
import io.qalibre.data.ImageSplits;
import io.qalibre.models.MnistNet;
import io.qalibre.qat.Fp32;
import io.qalibre.qat.Qat;
import io.qalibre.qat.Training;
import java.util.Locale;

/**
 * The quickstart's network, trained on Fashion-MNIST for eight epochs with seed 1: what the figures
 * of docs/qat.md begin with.
 *
 * @param data the pictures
 * @param net the float network, its batch normalizations not folded
 */
public record QuickstartNetwork(ImageSplits data, Network net) {
  /** Four bits with one grid a weight tensor, where rounding loses enough to tell. */
  public static final QuantConfig W4A8 =
      QuantConfig.int8().withWeightBits(4).withPerTensor("weight");

  /** Trains the network, which takes some minutes. */
  public static QuickstartNetwork trained() {
    ImageSplits data = Datasets.fashionMnist();
    Network net =
        Qalibre.of(MnistNet.graph(1))
            .train(
                data.training().batch(64),
                Fp32.epochs(8)
                    .method(Training.Method.ADAM)
                    .learningRate(4e-3)
                    .weightDecay(0)
                    .validate(data.validation()));
    return new QuickstartNetwork(data, net);
  }

  /** A form of the network in the simulation, calibrated on 1,000 training pictures. */
  public QuantizedNetwork calibrated(Network prepared, QuantConfig config) {
    return prepared.simulate(config).computeEncodings(data.calibration(1000));
  }

  /** Training at 1e-3 whose epoch is chosen on the validation pictures. */
  public Training training(int epochs) {
    return Qat.epochs(epochs).learningRate(1e-3).validate(data.validation());
  }

  /** Top-1 on the test pictures, in percent. */
  public double top1(Evaluable network) {
    return network.evaluate(data.test()).top1();
  }

  /** A row of a table in Markdown: mean, standard error, and the share of the loss regained. */
  public void print(String name, OverSeeds top1, double nearest) {
    System.out.printf(
        Locale.ROOT,
        "| %s | %.2f | %.2f | %.0f |%n",
        name,
        top1.mean(),
        top1.standardError(),
        regained(top1, nearest));
  }

  /**
   * The percentage of what rounding lost that is regained on average.
   *
   * @param top1 after the training
   * @param nearest before it
   */
  public double regained(OverSeeds top1, double nearest) {
    return 100 * (top1.mean() - nearest) / (top1(net) - nearest);
  }
}
