package io.qalibre.errors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class InterruptedWorkException_check_Test {
  @Test
  void throws_and_clears_the_flag_when_interrupted() {
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> InterruptedWorkException.check(() -> "stopped after 3 of 5"))
        .isInstanceOf(InterruptedWorkException.class)
        .isInstanceOf(QalibreException.class)
        .hasMessage("interrupted: stopped after 3 of 5");
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void does_nothing_and_asks_nothing_otherwise() {
    assertThatCode(
            () ->
                InterruptedWorkException.check(
                    () -> {
                      throw new AssertionError("asked");
                    }))
        .doesNotThrowAnyException();
  }
}
