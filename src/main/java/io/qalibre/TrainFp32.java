package io.qalibre;

import io.qalibre.data.Datasets;
import io.qalibre.data.ImageSplits;
import io.qalibre.engine.Accuracy;
import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.models.MobileNetV2;
import io.qalibre.models.ResNet50;
import io.qalibre.qat.Fp32;
import io.qalibre.qat.Training;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongFunction;

/**
 * Trains a float network from scratch on Fashion-MNIST as 3×32×32, and writes it as ONNX: {@code
 * TrainFp32 mobilenet_v2 10 data/work}. The epoch is chosen on the validation pictures; the test
 * pictures are looked at once, at the end. After each epoch a checkpoint is written beside; the
 * same command goes on from it.
 */
public final class TrainFp32 {
  private static final int SIZE = 32;
  private static final int CLASSES = 10;
  private static final int BATCH = 128;
  private static final int PAD = 4;
  private static final long SEED = 1;

  private static final Map<String, LongFunction<Graph>> NETWORKS =
      Map.of(
          "mobilenet_v2", seed -> MobileNetV2.graph(SIZE, CLASSES, seed),
          "resnet50", seed -> ResNet50.graph(SIZE, CLASSES, seed));

  private TrainFp32() {}

  /**
   * Trains.
   *
   * @param arguments the network ({@code mobilenet_v2} or {@code resnet50}), the number of epochs,
   *     and the folder for the checkpoint and the ONNX file
   * @throws QalibreException if an argument is wrong
   */
  public static void main(String[] arguments) {
    if (arguments.length != 3) {
      throw new QalibreException(
          "expected a network, a number of epochs and a folder, found " + List.of(arguments));
    }
    Path folder = Path.of(arguments[2]);
    ImageSplits data = Datasets.fashionMnist().as(3, SIZE);
    Network trained = train(arguments[0], data, epochs(arguments[1]), folder);
    Accuracy accuracy = trained.evaluate(data.test());
    System.out.println(trained.training().table().print());
    System.out.printf(Locale.ROOT, "%s: %s on the test pictures%n", arguments[0], accuracy);
  }

  /**
   * Trains a network and writes it.
   *
   * @param name the network
   * @param data the pictures, as 3×32×32
   * @param options how; the checkpoint is added
   * @param folder where checkpoint and ONNX file go
   * @return the network at the epoch that was best on the validation pictures
   */
  static Network train(String name, ImageSplits data, Training options, Path folder) {
    LongFunction<Graph> builder = NETWORKS.get(name);
    if (builder == null) {
      throw new UnknownNameException("network", name, "TrainFp32", NETWORKS.keySet());
    }
    Network start = new Network(builder.apply(SEED), List.of(new Step("build", "seed " + SEED)));
    Network trained =
        start.train(
            data.training().batch(BATCH).augmented(PAD, true, SEED),
            options.validate(data.validation()).checkpoint(folder.resolve(name + ".checkpoint")));
    OnnxWriter.write(trained.graph(), folder.resolve(name + ".onnx"));
    return trained;
  }

  private static Training epochs(String text) {
    try {
      return Fp32.epochs(Integer.parseInt(text)).seed(SEED);
    } catch (NumberFormatException e) {
      throw new QalibreException("expected a number of epochs, found `" + text + "`", e);
    }
  }
}
