package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.data.Samples;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class Runner_accuracy_Test {
  /** Gives out what comes in. */
  private static final Simulation SAME =
      Simulation.of(Net.input(7).op("y", "Identity", List.of("x")).build("y"));

  private static Labelled three() {
    return Labelled.of(
            Tensor.of(
                new float[] {
                  9, 1, 1, 1, 1, 1, 1, // the label is the first
                  5, 6, 1, 1, 1, 1, 1, // the second
                  7, 6, 5, 4, 3, 2, 1 // the seventh
                },
                3,
                7),
            0,
            0,
            6)
        .batch(2);
  }

  @Test
  void counts_first_and_first_five() {
    Accuracy accuracy = Runner.accuracy(SAME, three());

    assertThat(accuracy.n()).isEqualTo(3);
    assertThat(accuracy.top1()).isCloseTo(100 / 3.0, within(1e-9));
    assertThat(accuracy.top5()).isCloseTo(200 / 3.0, within(1e-9));
    assertThat(accuracy.first().values()).containsExactly(1, 0, 0);
    assertThat(accuracy.standardError()).isCloseTo(100 / 3.0, within(1e-9));
    assertThat(accuracy.pairedStandardError(accuracy)).isZero();
  }

  @Test
  void of_equal_answers_the_first_class_wins() {
    Map<String, Tensor> equal = Map.of("y", Tensor.of(new float[] {1, 1, 1}, 1, 3));
    for (int label = 0; label < 3; label++) {
      assertThat(Ranks.of(equal, List.of(Tensor.of(new long[] {label}, 1)))).containsExactly(label);
    }
  }

  @Test
  void labels_may_be_columns_or_floats() {
    Map<String, Tensor> outputs = Map.of("y", Tensor.of(new float[] {1, 2, 3, 4}, 2, 2));

    assertThat(Ranks.of(outputs, List.of(Tensor.of(new int[] {1, 0}, 2, 1)))).containsExactly(0, 1);
    assertThat(Ranks.of(outputs, List.of(Tensor.of(new float[] {1, 0}, 2)))).containsExactly(0, 1);
  }

  private static void assertRefused(Labelled data, String message) {
    assertThatThrownBy(() -> Runner.accuracy(SAME, data))
        .isInstanceOf(QalibreException.class)
        .hasMessage(message);
  }

  @Test
  void what_cannot_be_measured_is_told() {
    assertRefused(
        Labelled.of(Tensor.of(new float[] {1, Float.NaN, 1, 1, 1, 1, 1}, 1, 7), 0),
        "the network's output is NaN for class 1");
    assertRefused(
        Labelled.of(Tensor.of(new float[0], 0, 7), 0),
        "evaluate: the dataset is empty; expected at least one sample");
    assertRefused(
        Labelled.of(Net.data(1, 2, 7)), "accuracy needs labels, and the dataset has none");
    assertRefused(Labelled.of(Net.data(1, 2, 7), 0, 7), "label 7 is none of the 7 classes");
    assertRefused(Labelled.of(Net.data(1, 2, 7), 0, -1), "label -1 is none of the 7 classes");
    assertRefused(Labelled.of(Net.data(1, 2, 6), 0, 1), "input `x` takes N×7, found 2×6");
  }

  @Test
  void a_network_that_is_no_classifier_is_told() {
    Simulation pictures =
        Simulation.of(Net.input(1, 2, 2).op("y", "Relu", List.of("x")).build("y"));

    assertThatThrownBy(() -> Runner.accuracy(pictures, Labelled.of(Net.data(1, 2, 1, 2, 2), 0, 1)))
        .isInstanceOf(QalibreException.class)
        .hasMessage("accuracy needs outputs N×classes and N labels, found 2×1×2×2 and 2");
  }

  @Test
  void a_dataset_with_more_inputs_is_told() {
    Samples two = Samples.of(List.of(Map.of("x", Net.data(1, 1, 7), "z", Net.data(1, 1, 7))));

    assertThatThrownBy(() -> Runner.score(SAME, two, (outputs, labels) -> new double[1]))
        .isInstanceOf(QalibreException.class)
        .hasMessage("evaluate: net takes 1 inputs [x], the dataset gives 2");
  }

  @Test
  void data_of_another_type_is_told() {
    Samples integers = Samples.of(List.of(Map.of("x", Tensor.of(new long[7], 1, 7))));

    assertThatThrownBy(() -> Runner.score(SAME, integers, (outputs, labels) -> new double[1]))
        .isInstanceOf(QalibreException.class)
        .hasMessage("input `x` takes float32, found int64");
  }

  @Test
  void a_metric_of_the_users_own_gives_a_number_a_sample() {
    Score score =
        Runner.score(
            SAME,
            three(),
            (outputs, labels) -> {
              double[] values = new double[labels.get(0).size()];
              for (int i = 0; i < values.length; i++) {
                values[i] = outputs.get("y").floats()[7 * i];
              }
              return values;
            });

    assertThat(score.values()).containsExactly(9, 5, 7);
    assertThat(score.mean()).isCloseTo(7, within(1e-12));
    assertThat(score.standardError()).isCloseTo(2 / Math.sqrt(3), within(1e-12));
  }

  @Test
  void a_metric_that_gives_something_else_is_told() {
    assertThatThrownBy(
            () -> Runner.score(SAME, three(), (outputs, labels) -> new double[] {1, Double.NaN}))
        .isInstanceOf(QalibreException.class)
        .hasMessage("the metric gave NaN for sample 1");
    assertThatThrownBy(() -> Runner.score(SAME, three(), (outputs, labels) -> new double[1]))
        .isInstanceOf(QalibreException.class)
        .hasMessage("the metric gave 1 numbers for a batch of 2 samples");
  }

  @Test
  void scores_of_other_samples_are_not_paired() {
    Score three = new Score(new double[] {1, 2, 3});

    assertThat(three.pairedStandardError(new Score(new double[] {0, 1, 2}))).isZero();
    assertThat(new Score(new double[] {4}).standardError()).isZero();
    assertThatThrownBy(() -> three.pairedStandardError(new Score(new double[] {1})))
        .isInstanceOf(QalibreException.class)
        .hasMessage("paired scores need the same samples, found 3 and 1");
  }

  @Test
  void an_interrupt_stops_it_and_the_next_evaluation_runs() {
    Labelled interrupting =
        three()
            .before(
                batch -> {
                  if (batch == 1) {
                    Thread.currentThread().interrupt();
                  }
                });

    assertThatThrownBy(() -> Runner.accuracy(SAME, interrupting))
        .isInstanceOf(InterruptedWorkException.class)
        .hasMessage("interrupted: evaluate stopped after 2 samples");
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    assertThat(Runner.accuracy(SAME, three()).n()).isEqualTo(3);
  }
}
