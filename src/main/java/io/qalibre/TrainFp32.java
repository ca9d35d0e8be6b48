package io.qalibre;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.qalibre.data.Datasets;
import io.qalibre.data.ImageSplits;
import io.qalibre.engine.Accuracy;
import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.onnx.WeightStorage;
import io.qalibre.models.MobileNetV2;
import io.qalibre.models.ResNet50;
import io.qalibre.qat.Fp32;
import io.qalibre.qat.History;
import io.qalibre.qat.Recipe;
import io.qalibre.qat.Training;
import io.qalibre.view.Numbers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Trains a float network from scratch on Fashion-MNIST as 3×32×32, and writes it as ONNX: {@code
 * TrainFp32 mobilenet_v2 15 data/models}. The epoch is chosen on the validation pictures; the test
 * pictures are looked at once, at the end. After each epoch a line is added to the log and a
 * checkpoint written, both beside; the same command goes on from it.
 *
 * <p>Epochs may be given in cycles, {@code 12+9}: the learning rate rises and falls in each, and a
 * cycle begins with the best network of the one before. Source: Loshchilov and Hutter, SGDR:
 * Stochastic Gradient Descent with Warm Restarts, 2016 (arXiv 1608.03983).
 */
public final class TrainFp32 {
  private static final int SIZE = 32;
  private static final int CLASSES = 10;
  private static final int BATCH = 128;
  private static final int PAD = 2;
  private static final long SEED = 1;

  private static final String DATA =
      "Fashion-MNIST as 3×32×32: trained on %d pictures, the epoch chosen on %d others; top1, in"
          + " percent, on the n pictures of the test part";

  /**
   * A network that can be trained.
   *
   * @param start makes it, with initial weights of a seed
   * @param learningRate its highest; at 0.1 the loss of ResNet50, whose last normalizations see no
   *     more than a batch of single pixels, breaks out again after epochs of falling
   */
  private record Candidate(LongFunction<Graph> start, double learningRate) {}

  private static final Map<String, Candidate> NETWORKS =
      Map.of(
          "mobilenet_v2",
          new Candidate(seed -> MobileNetV2.graph(SIZE, CLASSES, seed), 0.1),
          "resnet50",
          new Candidate(seed -> ResNet50.zeroInitResidual(SIZE, CLASSES, seed), 0.03));

  private TrainFp32() {}

  /**
   * Trains.
   *
   * @param arguments the network ({@code mobilenet_v2} or {@code resnet50}), the number of epochs
   *     or those of each cycle, the folder for the ONNX file, the log and the checkpoint; and, to
   *     try it out, the number of training pictures (all 55,000 if it is left out)
   * @throws QalibreException if an argument is wrong
   */
  public static void main(String[] arguments) {
    if (arguments.length < 3 || arguments.length > 4) {
      throw new QalibreException(
          "expected a network, a number of epochs, a folder and perhaps a number of pictures, found "
              + List.of(arguments));
    }
    double rate = network(arguments[0]).learningRate();
    List<Training> cycles =
        Stream.of(arguments[1].split("\\+"))
            .map(epochs -> Fp32.epochs(number("epochs", epochs)).learningRate(rate))
            .toList();
    Path folder = Path.of(arguments[2]);
    ImageSplits data = Datasets.fashionMnist().as(3, SIZE);
    if (arguments.length == 4) {
      int pictures = number("pictures", arguments[3]);
      data = new ImageSplits(data.training().first(pictures), data.validation(), data.test());
    }
    train(arguments[0], data, cycles, folder);
  }

  /**
   * Trains a network, writes it, and measures what was written on the test pictures.
   *
   * @param name the network
   * @param data the pictures, as 3×32×32
   * @param cycles how, one after the other; seed, checkpoint and log are added
   * @param folder where the ONNX file, its entry in {@code models.json}, the log and the checkpoint
   *     go
   * @return the network at the epoch that was best on the validation pictures, as its file holds it
   */
  static Network train(String name, ImageSplits data, List<Training> cycles, Path folder) {
    Candidate network = network(name);
    Path log = folder.resolve(name + ".log");
    log(log, name + ": " + describe(cycles, data));
    Network trained = Qalibre.of(network.start().apply(SEED));
    int done = 0;
    int kept = 0;
    for (int cycle = 0; cycle < cycles.size(); cycle++) {
      String checkpoint = name + (cycle == 0 ? "" : "." + (cycle + 1)) + ".checkpoint";
      int before = done;
      trained =
          trained.train(
              data.training().batch(BATCH).augmented(PAD, true, SEED + cycle),
              cycles
                  .get(cycle)
                  .seed(SEED + cycle)
                  .validate(data.validation())
                  .checkpoint(folder.resolve(checkpoint))
                  .onEpoch(epoch -> log(log, describe(before, epoch))));
      int best = trained.training().kept();
      kept = best == 0 ? kept : before + best;
      done += cycles.get(cycle).epochs();
    }
    Path file = folder.resolve(name + ".onnx");
    trained.save(file, WeightStorage.FLOAT16);
    Network stored = Qalibre.load(file);
    Accuracy exact = trained.evaluate(data.test());
    Accuracy accuracy = stored.evaluate(data.test());
    log(log, "epoch %d kept; on the test pictures %s".formatted(kept, exact));
    log(log, "%s, weights in float16: on the test pictures %s".formatted(file, accuracy));
    ModelsFile models = ModelsFile.in(folder);
    ObjectNode entry = models.entry(name + ".onnx");
    entry
        .put("data", DATA.formatted(data.training().size(), data.validation().size()))
        .put("top1", Numbers.hundredths(accuracy.top1()))
        .put("standard_error", Numbers.hundredths(accuracy.standardError()))
        .put("n", accuracy.n())
        .put("top1_before_float16", Numbers.hundredths(exact.top1()))
        .put("training", describe(cycles, data))
        .put("epoch_kept", kept)
        .put("seed", SEED)
        .put(
            "command",
            "TrainFp32 %s %s %s %d"
                .formatted(name, epochs(cycles, "+"), folder, data.training().size()))
        .put("log", name + ".log");
    models.put(name, entry);
    return stored;
  }

  private static Candidate network(String name) {
    Candidate network = NETWORKS.get(name);
    if (network == null) {
      throw new UnknownNameException("network", name, "TrainFp32", NETWORKS.keySet());
    }
    return network;
  }

  private static String epochs(List<Training> cycles, String between) {
    return cycles.stream()
        .map(cycle -> String.valueOf(cycle.epochs()))
        .collect(Collectors.joining(between));
  }

  private static String describe(List<Training> cycles, ImageSplits data) {
    Training first = cycles.get(0);
    Recipe recipe = first.recipe();
    return String.format(
        Locale.ROOT,
        "%s epochs of %,d training pictures, batches of %d, padded by %d, cropped and mirrored;"
            + " %s with learning rate %s, warm-up %s, weight decay %s, seed %d",
        epochs(cycles, " + "),
        data.training().size(),
        BATCH,
        PAD,
        recipe.method(),
        first.schedule().highest(),
        first.schedule().warmup(),
        recipe.weightDecay(),
        SEED);
  }

  /** An epoch, with the number of epochs in the cycles before its own. */
  private static String describe(int before, History.Epoch epoch) {
    return String.format(
        Locale.ROOT,
        "epoch %d: %d steps, mean loss %.4f, validation top-1 %.2f %%, %.0f s",
        before + epoch.number(),
        epoch.steps(),
        epoch.loss(),
        epoch.top1(),
        epoch.seconds());
  }

  private static void log(Path file, String line) {
    String dated = Instant.now().truncatedTo(ChronoUnit.SECONDS) + " " + line;
    System.out.println(dated);
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(file, dated + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new QalibreException("log " + file + " cannot be written: " + e.getMessage(), e);
    }
  }

  private static int number(String what, String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new QalibreException("expected a number of " + what + ", found `" + text + "`", e);
    }
  }
}
