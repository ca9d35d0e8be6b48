package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;

/** Counts the engine's arrays: all hang below one root manager. */
public final class EngineArrays {
  private EngineArrays() {}

  /** How many there are. */
  public static int arrays() {
    try (NDManager manager = Programs.newManager()) {
      return manager.getParentManager().getManagedArrays().size();
    }
  }

  /** Asserts that a verb leaves none behind; what it makes once and for all, it may. */
  public static void assertLeavesNothing(Runnable verb) {
    verb.run();
    int before = arrays();
    verb.run();
    verb.run();
    assertThat(arrays()).isEqualTo(before);
  }
}
