package io.qalibre.engine.trace;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;

/** Orders of axes. */
final class Axes {
  private Axes() {}

  /** The order of axes with two of them swapped; axes below 0 count from the last. */
  static List<Long> swapped(int rank, int first, int second) {
    List<Long> order = new ArrayList<>(LongStream.range(0, rank).boxed().toList());
    Collections.swap(order, counted(first, rank), counted(second, rank));
    return order;
  }

  /** An axis counted from the front. */
  static int counted(int axis, int rank) {
    return axis < 0 ? axis + rank : axis;
  }
}
