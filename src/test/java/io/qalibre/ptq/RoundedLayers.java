package io.qalibre.ptq;

import io.qalibre.Network;
import io.qalibre.Qalibre;
import io.qalibre.testing.Net;
import java.util.List;

/** Layers of each kind that AdaRound rounds, with random weights: plain, depthwise, 1×1, linear. */
final class RoundedLayers {
  private RoundedLayers() {}

  /** Takes pictures of 4×6×6. */
  static Network network() {
    return Qalibre.of(
        Net.input(4, 6, 6)
            .conv("c1", "x", 8, 4, 3, 3)
            .op("r1", "Relu", List.of("c1"))
            .grouped("c2", "r1", 8, 8, 1, 3, 3)
            .op("r2", "Relu", List.of("c2"))
            .conv("c3", "r2", 12, 8, 1, 1)
            .op("f", "Flatten", List.of("c3"))
            .linear("y", "f", 5, 432)
            .build("y"));
  }
}
