package io.qalibre.qat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.engine.Devices;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.models.MnistNet;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Stream;
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

  /** The network with a dropout before its last layer. */
  private static Simulation dropping() {
    Graph graph = START.graph();
    List<Node> nodes = new ArrayList<>(graph.nodes());
    OperatorNode layer = (OperatorNode) nodes.remove(nodes.size() - 1);
    List<String> reads = new ArrayList<>(layer.inputs());
    List<String> dropped = List.of(reads.set(0, "dropped"), "ratio");
    nodes.add(new OperatorNode("dropout", "Dropout", dropped, List.of("dropped"), Attributes.NONE));
    nodes.add(layer.withInputs(reads));
    return Simulation.of(
        graph.toBuilder().nodes(nodes).initializer("ratio", Tensor.scalar(0.5f)).build());
  }

  private Graph whole(Training.Method method) {
    Training training = options(method);
    Training alone =
        new Training(
            training.epochs(),
            training.schedule(),
            training.selection(),
            training.recipe(),
            Training.Run.of(1));
    return whole(START, alone);
  }

  private static Graph whole(Simulation start, Training training) {
    return TrainingLoop.train(start, PASSES, training).simulation().graph();
  }

  @Test
  void what_drops_is_the_same_in_a_resumed_training() {
    Training training = Fp32.epochs(2).learningRate(0.01);
    Training kept = training.checkpoint(folder.resolve("dropping.checkpoint"));
    TrainingLoop.train(
        dropping(),
        pass -> {
          if (pass == 2) {
            throw new InterruptedWorkException("in the middle");
          }
          return PASSES.apply(pass);
        },
        kept);
    Devices.seed(12345);

    Graph resumed = whole(dropping(), kept);

    assertThat(resumed.initializers()).isEqualTo(whole(dropping(), training).initializers());
    assertThat(resumed.initializer("linear1.weight"))
        .isNotEqualTo(whole(START, training).initializer("linear1.weight"));
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
        .hasMessageContaining("SGD at Schedule[highest=1.0");
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

  @Test
  void in_a_folder_each_kind_of_training_has_a_file_of_its_own() throws Exception {
    Training training = Qat.epochs(2).learningRate(0.01).checkpointsIn(folder);
    Simulation other = Simulation.of(MnistNet.graph(2));

    Graph first = whole(START, training);
    whole(START, training.learningRate(0.02));
    whole(other, training);
    TrainingLoop.Result again =
        TrainingLoop.train(
            START,
            pass -> {
              // The first is looked at; nothing is left to be trained.
              assertThat(pass).isEqualTo(1);
              return PASSES.apply(pass);
            },
            training);

    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).hasSize(3);
    }
    assertThat(again.simulation().graph().initializers()).isEqualTo(first.initializers());
  }
}
