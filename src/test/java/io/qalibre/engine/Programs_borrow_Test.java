package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class Programs_borrow_Test {
  private static String code(int number) {
    return "class M(Module):\n"
        + "  __parameters__ = []\n"
        + "  __buffers__ = []\n"
        + "  training : bool\n"
        + "  def forward(self: __torch__.M,\n      x: Tensor) -> Tensor:\n"
        + ("    return torch.add(x, " + number + ")\n");
  }

  @Test
  void the_same_source_is_loaded_once() {
    try (Programs.Program first = Programs.borrow(code(1));
        Programs.Program second = Programs.borrow(code(1))) {
      assertThat(second.block()).isSameAs(first.block());
    }
  }

  @Test
  void a_borrowed_program_stays_loaded_when_many_others_come_and_is_unloaded_after() {
    Programs.Program borrowed = Programs.borrow(code(-1));
    for (int i = 100; i < 140; i++) {
      Programs.borrow(code(i)).close();
    }

    assertThat(borrowed.block().getHandle()).isNotNull();
    borrowed.close();
    try (Programs.Program again = Programs.borrow(code(-1))) {
      assertThat(again.block()).isNotSameAs(borrowed.block());
    }
  }
}
