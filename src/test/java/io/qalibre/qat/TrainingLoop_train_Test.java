package io.qalibre.qat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.engine.Calibrator;
import io.qalibre.engine.Runner;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.LatePoints;
import io.qalibre.testing.Net;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tech.tablesaw.api.Table;

class TrainingLoop_train_Test {
  private static final Labelled TRAINING = Labelled.twoSides(64, 1);
  private static final Labelled VALIDATION = Labelled.twoSides(64, 2);
  private static final Simulation START = start(network());

  private static Graph network() {
    return Net.input(2)
        .linear("a", "x", 8, 2)
        .op("r", "Relu", List.of("a"))
        .linear("y", "r", 2, 8)
        .build("y");
  }

  private static Simulation start(Graph graph) {
    Graph placed = Placement.place(graph, RuntimeConfig.builtIn("int8"), PlacementOptions.DEFAULT);
    return Calibrator.calibrate(placed, TRAINING).simulation();
  }

  private static double mean(List<Double> losses) {
    return losses.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }

  @Test
  void a_listener_is_told_of_each_epoch_after_its_validation() {
    List<History.Epoch> told = new ArrayList<>();

    TrainingLoop.Result result =
        TrainingLoop.train(
            START,
            number -> TRAINING,
            Qat.epochs(3).learningRate(0.03).validate(VALIDATION).onEpoch(told::add));

    // The state before training is an entry of the history, but no epoch that ended.
    assertThat(told).isEqualTo(result.history().epochs().subList(1, 4));
    assertThat(told).extracting(History.Epoch::number).containsExactly(1, 2, 3);
    assertThat(told).noneMatch(epoch -> Double.isNaN(epoch.top1()));
  }

  @Test
  void the_loss_falls_and_the_start_stays() {
    Map<String, Tensor> before = Map.copyOf(START.graph().initializers());

    TrainingLoop.Result result =
        TrainingLoop.train(START, number -> TRAINING, Qat.epochs(10).learningRate(0.03));

    List<Double> losses = result.history().losses();
    assertThat(losses).hasSize(80);
    assertThat(mean(losses.subList(72, 80))).isLessThan(mean(losses.subList(0, 8)) / 2);
    assertThat(result.history().epochs()).hasSize(10);
    assertThat(result.history().kept()).isEqualTo(10);
    assertThat(result.history().interrupted()).isFalse();
    assertThat(Runner.accuracy(result.simulation(), VALIDATION).top1())
        .isGreaterThan(90)
        .isGreaterThan(Runner.accuracy(START, VALIDATION).top1());
    assertThat(START.graph().initializers()).isEqualTo(before);
    assertThat(result.simulation().graph().initializers()).isNotEqualTo(before);
    assertThat(result.simulation().encodings()).isNotEqualTo(START.encodings());
    assertThat(result.simulation().graph().nodes()).isEqualTo(START.graph().nodes());
  }

  @Test
  void the_same_training_gives_the_same_result() {
    Training options = Qat.epochs(2).learningRate(0.01);

    TrainingLoop.Result once = TrainingLoop.train(START, number -> TRAINING, options);

    TrainingLoop.Result again = TrainingLoop.train(START, number -> TRAINING, options);
    assertThat(again.history().losses()).isEqualTo(once.history().losses());
    assertThat(again.simulation().encodings()).isEqualTo(once.simulation().encodings());
    assertThat(again.simulation().graph().initializers())
        .isEqualTo(once.simulation().graph().initializers());
  }

  @Test
  void the_best_epoch_on_the_validation_samples_is_kept() {
    // So large a rate throws the network about: some epochs are worse than others.
    TrainingLoop.Result result =
        TrainingLoop.train(
            START, number -> TRAINING, Qat.epochs(6).learningRate(2).validate(VALIDATION));

    History history = result.history();
    assertThat(history.epochs()).hasSize(7);
    assertThat(history.epochs().get(0).number()).isZero();
    assertThat(history.epochs().get(0).loss()).isNaN();
    double best = history.epochs().stream().mapToDouble(History.Epoch::top1).max().orElseThrow();
    assertThat(history.epochs().get(history.kept()).top1()).isEqualTo(best);
    assertThat(Runner.accuracy(result.simulation(), VALIDATION).top1()).isEqualTo(best);
  }

  @Test
  void where_training_makes_it_worse_the_start_is_kept() {
    Simulation good =
        TrainingLoop.train(START, number -> TRAINING, Qat.epochs(10).learningRate(0.03))
            .simulation();
    Labelled wrong =
        Labelled.of(
            Net.data(9, 64, 2), new java.util.Random(1).ints(64, 0, 2).asLongStream().toArray());

    TrainingLoop.Result result =
        TrainingLoop.train(
            good, number -> wrong, Qat.epochs(2).learningRate(5).validate(VALIDATION));

    assertThat(result.history().kept()).isZero();
    assertThat(result.simulation()).isEqualTo(good);
  }

  @Test
  void an_interrupt_gives_what_has_been_learned() {
    int[] pass = {0};
    Labelled interrupting =
        TRAINING.before(
            batch -> {
              pass[0] += batch == 0 ? 1 : 0;
              if (pass[0] == 1 && batch == 5) {
                Thread.currentThread().interrupt();
              }
            });

    TrainingLoop.Result result =
        TrainingLoop.train(START, number -> interrupting, Qat.epochs(3).learningRate(0.01));

    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    assertThat(result.history().interrupted()).isTrue();
    assertThat(result.history().losses()).hasSizeBetween(4, 6);
    assertThat(result.history().kept()).isEqualTo(1);
    assertThat(result.simulation().graph().initializers())
        .isNotEqualTo(START.graph().initializers());
    assertThat(Runner.accuracy(result.simulation(), VALIDATION).n()).isEqualTo(64);
    assertThat(result.history().table().name()).isEqualTo("Training (interrupted)");
  }

  @Test
  void an_interrupt_before_the_first_step_gives_the_start() {
    Labelled interrupting = TRAINING.before(batch -> Thread.currentThread().interrupt());

    TrainingLoop.Result result = TrainingLoop.train(START, number -> interrupting, Qat.epochs(1));

    assertThat(result.history().interrupted()).isTrue();
    assertThat(result.history().losses()).isEmpty();
    assertThat(result.simulation()).isEqualTo(START);
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void an_interrupt_later_gives_the_best_so_far() {
    int[] pass = {0};
    Labelled interrupting =
        TRAINING.before(
            batch -> {
              pass[0] += batch == 0 ? 1 : 0;
              if (pass[0] == 3) {
                Thread.currentThread().interrupt();
              }
            });

    TrainingLoop.Result result =
        TrainingLoop.train(
            START, number -> interrupting, Qat.epochs(9).learningRate(0.03).validate(VALIDATION));

    assertThat(result.history().interrupted()).isTrue();
    assertThat(result.history().epochs()).hasSize(3);
    double best =
        result.history().epochs().stream().mapToDouble(History.Epoch::top1).max().orElseThrow();
    assertThat(Runner.accuracy(result.simulation(), VALIDATION).top1()).isEqualTo(best);
  }

  @Test
  void another_thread_can_stop_it() throws InterruptedException {
    CountDownLatch running = new CountDownLatch(1);
    Labelled slow = TRAINING.before(batch -> running.countDown());
    TrainingLoop.Result[] result = new TrainingLoop.Result[1];
    boolean[] flag = new boolean[1];
    Thread cell =
        new Thread(
            () -> {
              result[0] = TrainingLoop.train(START, number -> slow, Qat.epochs(1_000_000));
              flag[0] = Thread.currentThread().isInterrupted();
            });

    cell.start();
    running.await();
    cell.interrupt();
    cell.join(20_000);

    assertThat(cell.isAlive()).isFalse();
    assertThat(result[0].history().interrupted()).isTrue();
    assertThat(flag[0]).isFalse();
  }

  @Test
  void a_loss_that_is_no_number_says_where() {
    Graph graph = network();
    float[] weights = graph.initializer("y.weight").floats();
    java.util.Arrays.fill(weights, 1e38f);
    Graph wild = graph.withInitializers(Map.of("y.weight", Tensor.of(weights, 2, 8)));
    Simulation disabled =
        Simulation.of(
            Placement.place(
                wild,
                RuntimeConfig.builtIn("int8"),
                PlacementOptions.DEFAULT.with(new io.qalibre.config.QuantizerEdit.Disable("*"))));

    assertThatThrownBy(() -> TrainingLoop.train(disabled, number -> TRAINING, Qat.epochs(1)))
        .isInstanceOf(QalibreException.class)
        .hasMessageMatching(
            "the loss is (NaN|Infinity) in step 1 at learning rate 0.00010; a lower rate may help");
    assertThat(TrainingLoop.train(START, number -> TRAINING, Qat.epochs(1)).history().losses())
        .hasSize(8);
  }

  private static void assertRefused(ai.djl.training.dataset.Dataset data, String message) {
    assertThatThrownBy(() -> TrainingLoop.train(START, number -> data, Qat.epochs(1)))
        .isInstanceOf(QalibreException.class)
        .hasMessage(message);
  }

  @Test
  void data_that_does_not_fit_is_told() {
    assertRefused(
        Labelled.of(Tensor.of(new float[0], 0, 2)),
        "train: the dataset is empty; expected at least one batch");
    assertRefused(Labelled.random(2, 4, 3), "input `x` takes N×2, found 4×3");
    assertRefused(
        Labelled.of(Net.data(1, 4, 2)), "train: training needs labels, and the dataset has none");
  }

  @Test
  void a_dataset_is_prepared_before_it_is_used() {
    LatePoints data = new LatePoints();

    assertThat(TrainingLoop.train(START, number -> data, Qat.epochs(1)).history().losses())
        .hasSize(4);
    assertThat(Runner.accuracy(START, new LatePoints()).n()).isEqualTo(8);
  }

  @Test
  void a_dataset_that_fails_says_why() {
    Labelled gone =
        TRAINING.before(
            batch -> {
              throw new QalibreException("the disk is gone");
            });

    assertRefused(gone, "the disk is gone");
  }

  @Test
  void a_network_that_cannot_learn_says_so() {
    Graph graph = network();
    Graph dead =
        graph.withInitializers(
            Map.of(
                "a.bias", Tensor.of(new float[] {-99, -99, -99, -99, -99, -99, -99, -99}, 8),
                "y.bias", Tensor.of(new float[] {0, 200}, 2)));
    Labelled ones = Labelled.of(Net.data(1, 4, 2), 1, 1, 1, 1);

    assertThatThrownBy(() -> TrainingLoop.train(start(dead), number -> ones, Qat.epochs(1)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("gradient");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, 11})
  void rates_out_of_range_are_refused(double rate) {
    assertThatThrownBy(() -> Qat.epochs(1).learningRate(rate))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("expected a learning rate in (0, 10]");
    assertThatThrownBy(() -> Qat.epochs(0)).isInstanceOf(QalibreException.class);
  }

  @Test
  void the_history_is_a_table_and_a_chart() {
    History history =
        TrainingLoop.train(START, number -> TRAINING, Qat.epochs(2).validate(VALIDATION)).history();

    Table table = history.table();
    assertThat(table.columnNames())
        .containsExactly(
            "epoch", "steps", "loss", "validation top-1 %", "learning rate", "seconds", "kept");
    assertThat(table.rowCount()).isEqualTo(3);
    assertThat(table.longColumn("steps").asList()).containsExactly(0L, 8L, 16L);
    assertThat(table.doubleColumn("learning rate").get(2)).isLessThan(1e-9);
    assertThat(history.chart()).isNotNull();
  }
}
