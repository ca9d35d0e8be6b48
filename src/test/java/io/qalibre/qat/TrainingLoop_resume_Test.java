package io.qalibre.qat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.models.MnistNet;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingLoop_resume_Test {
  private static final Simulation START = Simulation.of(MnistNet.graph(1));

  @SuppressWarnings("UnnecessaryLambda")
  private static final IntFunction<Labelled> PASSES =
      pass ->
          Labelled.of(
              Net.data(pass, 24, 1, 28, 28), new java.util.Random(pass).longs(24, 0, 10).toArray());

  @TempDir private Path folder;

  private Training options(Training.Method method) {
    Training training =
        method == Training.Method.SGD
            ? Fp32.epochs(4).learningRate(0.01)
            : Qat.epochs(4).learningRate(0.01);
    return training.checkpoint(folder.resolve(method + ".checkpoint"));
  }

  private Graph whole(Training.Method method) {
    Training training = options(method);
    Training alone =
        new Training(
            training.epochs(),
            training.learningRate(),
            null,
            training.recipe(),
            Training.Run.of(1));
    return TrainingLoop.train(START, PASSES, alone).simulation().graph();
  }

  @Test
  void a_stopped_training_ends_where_an_uninterrupted_one_does() {
    for (Training.Method method : Training.Method.values()) {
      TrainingLoop.Result stopped =
          TrainingLoop.train(
              START,
              pass -> {
                if (pass == 3) {
                  throw new InterruptedWorkException("in the middle");
                }
                return PASSES.apply(pass);
              },
              options(method));
      assertThat(stopped.history().interrupted()).isTrue();

      TrainingLoop.Result resumed = TrainingLoop.train(START, PASSES, options(method));

      assertThat(resumed.history().epochs()).hasSize(4);
      assertThat(resumed.simulation().graph().initializers())
          .isEqualTo(whole(method).initializers());
    }
  }

  @Test
  void live_normalizations_follow_the_batches_and_frozen_ones_stay() {
    Graph live = TrainingLoop.train(START, PASSES, Fp32.epochs(1)).simulation().graph();
    Graph frozen = TrainingLoop.train(START, PASSES, Qat.epochs(1)).simulation().graph();

    assertThat(live.initializer("batchnorm1.runningMean"))
        .isNotEqualTo(START.graph().initializer("batchnorm1.runningMean"));
    assertThat(frozen.initializer("batchnorm1.runningMean"))
        .isEqualTo(START.graph().initializer("batchnorm1.runningMean"));
  }

  @Test
  void a_checkpoint_of_another_training_is_an_error() {
    TrainingLoop.train(START, PASSES, options(Training.Method.SGD));

    assertThatThrownBy(
            () -> TrainingLoop.train(START, PASSES, options(Training.Method.SGD).learningRate(1)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("belongs to another training")
        .hasMessageContaining("SGD at 1.0");
  }

  @Test
  void a_damaged_checkpoint_is_an_error() throws Exception {
    TrainingLoop.train(START, PASSES, options(Training.Method.SGD));
    Path file = folder.resolve("SGD.checkpoint");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length / 2));

    assertThatThrownBy(() -> TrainingLoop.train(START, PASSES, options(Training.Method.SGD)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("SGD.checkpoint");
  }
}
