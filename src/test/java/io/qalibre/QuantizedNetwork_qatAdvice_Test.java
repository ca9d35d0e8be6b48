package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.data.ImageDataset;
import io.qalibre.ptq.AdaRound;
import io.qalibre.qat.Training;
import io.qalibre.testing.OverSeeds;
import io.qalibre.testing.QuickstartNetwork;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Prints the tables of docs/qat.md that its advice stands on: the quickstart's network, trained on
 * a fifth of the training pictures, three seeds of the training. Epochs are chosen on validation
 * pictures, figures are of test pictures.
 */
@EnabledIfSystemProperty(named = "full", matches = "true", disabledReason = "a long suite")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.MethodName.class)
class QuantizedNetwork_qatAdvice_Test {
  private static final int PICTURES = 11_000;
  private static final int EPOCHS = 3;
  private static final AdaRound ADA_ROUND = AdaRound.iterations(1000);

  private final QuickstartNetwork quickstart = QuickstartNetwork.trained();
  private final ImageDataset training = quickstart.data().training().first(PICTURES).batch(64);
  private final Network equalized = quickstart.net().equalizeLayers();
  private final QuantizedNetwork ptq = quickstart.calibrated(equalized, QuickstartNetwork.W4A8);
  private final double nearest = quickstart.top1(ptq);
  private final Training usual = quickstart.training(EPOCHS);
  private final Trained usually = train(ptq, usual);

  /**
   * What training gave.
   *
   * @param top1 on the test pictures
   * @param kept the epoch that was kept, a seed
   */
  private record Trained(OverSeeds top1, List<Integer> kept) {}

  private Trained train(QuantizedNetwork start, Training way) {
    List<Integer> kept = new ArrayList<>();
    OverSeeds top1 =
        OverSeeds.of(
            seed -> {
              QuantizedNetwork tuned = start.train(training, way.seed(seed));
              kept.add(tuned.history().kept());
              return quickstart.top1(tuned);
            });
    return new Trained(top1, kept);
  }

  private static void header(String what, String... columns) {
    System.out.printf(
        "%n| %s | %s |%n|---|%s%n",
        what, String.join(" | ", columns), "--:|".repeat(columns.length));
  }

  private void row(String name, Trained found) {
    System.out.printf(
        Locale.ROOT,
        "| %s | %.2f | %.2f | %.0f | %s |%n",
        name,
        found.top1.mean(),
        found.top1.standardError(),
        quickstart.regained(found.top1, nearest),
        found.kept.toString().replaceAll("[\\[\\]]", ""));
  }

  private Trained measured(String name, Training way) {
    Trained found = train(ptq, way);
    row(name, found);
    return found;
  }

  private void wayHeader(String what) {
    header(what, "top-1 %", "± over seeds", "regained %", "epochs kept");
  }

  @Test
  void a_when() {
    System.out.printf(Locale.ROOT, "%nFP32 %.2f%n", quickstart.top1(quickstart.net()));
    header("", "nearest", "sequential MSE and AdaRound", "QAT", "± over seeds");
    QuantConfig four = QuantConfig.int8().withWeightBits(4);
    when(
        "W8A8, a grid a tensor",
        quickstart.calibrated(equalized, QuantConfig.int8().withPerTensor("weight")),
        1e-4);
    when("W4A8, a grid a channel", quickstart.calibrated(equalized, four), 1e-3);
    OverSeeds tensors = when("W4A8, a grid a tensor", ptq, 1e-3);
    when(
        "W2A8, a grid a channel",
        quickstart.calibrated(equalized, QuantConfig.int8().withWeightBits(2)),
        1e-3);

    assertThat(tensors.mean()).isGreaterThan(nearest);
  }

  private OverSeeds when(String name, QuantizedNetwork start, double rate) {
    QuantizedNetwork rounded =
        start
            .sequentialMse(quickstart.data().calibration(1000))
            .adaRound(quickstart.data().calibration(1000), ADA_ROUND);
    OverSeeds trained = start == ptq ? usually.top1 : train(start, usual.learningRate(rate)).top1;
    System.out.printf(
        Locale.ROOT,
        "| %s | %.2f | %.2f | %.2f | %.2f |%n",
        name,
        quickstart.top1(start),
        quickstart.top1(rounded),
        trained.mean(),
        trained.standardError());
    return trained;
  }

  @Test
  void b_start() {
    header("trained from", "top-1 % before", "top-1 %", "± over seeds", "epochs kept");
    QuantizedNetwork plain =
        quickstart.calibrated(quickstart.net().foldBatchNorms(), QuickstartNetwork.W4A8);
    QuantizedNetwork searched = ptq.sequentialMse(quickstart.data().calibration(1000));
    QuantizedNetwork rounded = searched.adaRound(quickstart.data().calibration(1000), ADA_ROUND);

    Trained plainly = train(plain, usual);
    started("the float weights, computed ranges", plain, plainly);
    started("… equalized", ptq, usually);
    started("… equalized, sequential MSE", searched, train(searched, usual));
    started("… equalized, sequential MSE, AdaRound", rounded, train(rounded, usual));

    assertThat(usually.top1.mean()).as("equalized first").isGreaterThan(plainly.top1.mean() + 1);
  }

  private void started(String name, QuantizedNetwork start, Trained found) {
    System.out.printf(
        Locale.ROOT,
        "| %s | %.2f | %.2f | %.2f | %s |%n",
        name,
        quickstart.top1(start),
        found.top1.mean(),
        found.top1.standardError(),
        found.kept.toString().replaceAll("[\\[\\]]", ""));
  }

  @Test
  void c_epochs() {
    wayHeader("epochs");
    Trained one = measured("1", quickstart.training(1));
    row("3", usually);
    measured("6", quickstart.training(6));

    assertThat(quickstart.regained(one.top1, nearest)).as("percent regained").isGreaterThan(75);
  }

  @Test
  void d_learning_rates() {
    wayHeader("learning rate");
    Trained lowest = measured("1e-5", usual.learningRate(1e-5));
    measured("1e-4", usual.learningRate(1e-4));
    row("1e-3", usually);
    measured("1e-2", usual.learningRate(1e-2));

    assertThat(usually.top1.mean()).isGreaterThan(lowest.top1.mean());
  }

  @Test
  void e_schedules() {
    wayHeader("schedule");
    row("half a cosine", usually);
    measured("half an epoch of warm-up, half a cosine", usual.warmup(0.5));
    Trained steps = measured("steps: a tenth after each epoch", usual.stepSchedule(1, 0.1));
    measured("constant", usual.stepSchedule(EPOCHS, 1));

    assertThat(steps.top1.mean()).isGreaterThan(nearest);
  }

  @Test
  void f_batch_normalizations() {
    QuantConfig config = QuantConfig.int8().withWeightBits(4);
    QuantizedNetwork folded = quickstart.calibrated(quickstart.net().foldBatchNorms(), config);
    QuantizedNetwork live = quickstart.calibrated(quickstart.net(), config);
    header("batch normalizations", "top-1 %", "± over seeds");
    System.out.printf(Locale.ROOT, "| PTQ, folded | %.2f | |%n", quickstart.top1(folded));
    policy("folded beforehand", List.of(train(folded, usual).top1));
    String[] ends = {"live", "folded", "re-estimated and folded"};
    policy("live, statistics stay", norms(live, usual), ends);
    policy("live, frozen after 1 epoch", norms(live, usual.freezeNormsAfter(1)), ends);
    List<OverSeeds> followed = norms(live, usual.freezeNormsAfter(EPOCHS));
    policy("live to the end", followed, ends);

    assertThat(followed.get(2).mean()).isGreaterThan(quickstart.top1(folded));
  }

  private static void policy(String name, List<OverSeeds> found, String... ends) {
    for (int i = 0; i < found.size(); i++) {
      System.out.printf(
          Locale.ROOT,
          "| %s%s | %.2f | %.2f |%n",
          name,
          ends.length == 0 ? "" : "; " + ends[i],
          found.get(i).mean(),
          found.get(i).standardError());
    }
  }

  /** As trained; folded to scale; re-estimated and folded to scale. */
  private List<OverSeeds> norms(QuantizedNetwork live, Training way) {
    List<Double> folded = new ArrayList<>();
    List<Double> settled = new ArrayList<>();
    OverSeeds trained =
        OverSeeds.of(
            seed -> {
              QuantizedNetwork tuned = live.train(training, way.seed(seed));
              folded.add(quickstart.top1(tuned.foldBatchNorms()));
              settled.add(
                  quickstart.top1(
                      tuned
                          .reestimateBatchNorms(quickstart.data().calibration(6400).batch(64))
                          .foldBatchNorms()));
              return quickstart.top1(tuned);
            });
    return List.of(trained, new OverSeeds(folded), new OverSeeds(settled));
  }
}
