package io.qalibre.qat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.errors.QalibreException;
import org.junit.jupiter.api.Test;

class Schedule_rate_Test {
  private static void assertRates(Training training, double... everyHalfEpoch) {
    for (int i = 0; i < everyHalfEpoch.length; i++) {
      assertThat(training.schedule().rate(i / 2.0, training.epochs()))
          .as("after %s epochs", i / 2.0)
          .isCloseTo(everyHalfEpoch[i], within(1e-6));
    }
  }

  @Test
  void a_cosine_ends_at_zero() {
    assertRates(Qat.epochs(2).learningRate(1), 1, 0.853553, 0.5, 0.146447, 0);
  }

  @Test
  void a_rate_rises_along_a_line_before_it_falls() {
    assertRates(Qat.epochs(3).learningRate(1).warmup(1), 0.01, 0.5, 1, 0.853553, 0.5, 0.146447, 0);
    assertRates(Qat.epochs(1).learningRate(1).warmup(5), 0.01, 0.5, 0);
  }

  @Test
  void steps_hold_the_rate_between_them() {
    Training steps = Qat.epochs(4).learningRate(1).stepSchedule(1, 0.1);

    assertRates(steps, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.001);
    assertRates(steps.warmup(0.5), 0.01, 1, 1, 0.1, 0.1, 0.01);
    assertRates(steps.cosineSchedule().stepSchedule(2, 0.5), 1, 1, 1, 1, 0.5);
    assertRates(steps.cosineSchedule(), 1, 0.961940, 0.853553);
  }

  @Test
  void numbers_out_of_range_are_refused() {
    assertThatThrownBy(() -> Qat.epochs(1).stepSchedule(0, 0.1))
        .isInstanceOf(QalibreException.class)
        .hasMessage("expected steps of at least 1 epoch and a factor in (0, 1], found 0 and 0.1");
    assertThatThrownBy(() -> Qat.epochs(1).stepSchedule(1, 1.5))
        .isInstanceOf(QalibreException.class);
    assertThatThrownBy(() -> Qat.epochs(1).warmup(-1))
        .isInstanceOf(QalibreException.class)
        .hasMessage("expected a warm-up of 0 epochs or more, found -1.0");
  }
}
