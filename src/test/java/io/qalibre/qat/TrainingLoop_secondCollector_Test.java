package io.qalibre.qat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.Engine;
import ai.djl.training.GradientCollector;
import io.qalibre.Network;
import io.qalibre.errors.QalibreException;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.WholeWay;
import org.junit.jupiter.api.Test;

/** The engine follows one backward pass in a process. */
class TrainingLoop_secondCollector_Test {
  private static final Labelled SAMPLES = WholeWay.SAMPLES;
  private static final Network NETWORK = WholeWay.network();

  @Test
  void a_training_beside_another_loop_says_what_is_the_matter() {
    try (GradientCollector theirs = Engine.getEngine("PyTorch").newGradientCollector()) {
      assertThat(theirs).isNotNull();
      assertThatThrownBy(() -> NETWORK.train(SAMPLES, Fp32.epochs(1)))
          .isInstanceOf(QalibreException.class)
          .hasMessageContaining("another training is under way in this process");
    }

    assertThat(NETWORK.train(SAMPLES, Fp32.epochs(1)).training().losses()).hasSize(4);
  }
}
